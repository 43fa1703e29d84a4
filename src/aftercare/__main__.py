"""`python -m aftercare` is the command line."""

from aftercare.cli import main

if __name__ == "__main__":
    main()
