"""The type checker that the import hook applies: beartype, where it can be applied."""

from beartype import BeartypeConf, beartype
from beartype.roar import BeartypeDecorHintPep673Exception

strict = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is a float, as everywhere in Python


def checked(function):
    """beartype, save for methods that return `Self` (it takes those on whole classes only).

    What refuses wrong arrays itself, in words that are tested, is left to do so.
    """
    if function.__module__ == "embodied.types":
        return function
    try:
        return strict(function)
    except BeartypeDecorHintPep673Exception:
        return function
