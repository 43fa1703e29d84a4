"""Identity: who may do what.

A **shop** owns everything else. An **account** is a member of staff; a **membership** says in which shops it works, and its
**role** is a name for a set of permissions. A **session** is somebody signed in at a browser, an **API token** a program's key.
Customers have no account: they prove an e-mail or telephone with an **entry code** and then see what was bought with it.
"""

from aftercare.identity.model import ShopCodeTaken
from aftercare.identity.shops import (
    NewShop,
    ShopChange,
    ShopView,
    add_shops,
    change_shop,
    find_shop,
    get_shop,
    list_shops,
    new_shop,
    shops_exist,
)

__all__ = [
    "NewShop",
    "ShopChange",
    "ShopCodeTaken",
    "ShopView",
    "add_shops",
    "change_shop",
    "find_shop",
    "get_shop",
    "list_shops",
    "new_shop",
    "shops_exist",
]
