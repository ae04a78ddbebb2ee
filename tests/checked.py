"""The type checker that the import hook applies: beartype, where it can be applied."""

from beartype import BeartypeConf, beartype
from beartype.roar import BeartypeDecorHintPep673Exception, BeartypeDecorHintPep3119Exception

strict = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is a float, as everywhere in Python
BEYOND = (BeartypeDecorHintPep673Exception, BeartypeDecorHintPep3119Exception)


def checked(function):
    """beartype, save for `Self` (it takes that on whole classes only) and protocols without a check at run time.

    What refuses wrong arrays itself, in words that are tested, is left to do so.
    """
    if function.__module__ == "embodied.types":
        return function
    try:
        return strict(function)
    except BEYOND:
        return function
