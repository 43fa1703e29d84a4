"""Connectors: the outside world, one file each: stores, payments, mail, carriers, files.

A connector speaks the other side's language and calls, or is called through, a **port** that a lower context owns; nothing
below knows that it exists. It decides nothing about after-sales: what it hears it hands on in our words, once, in whatever
order and however often it is told.
"""
