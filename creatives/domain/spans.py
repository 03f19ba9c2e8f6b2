"""Pieces of a product description that can stand in a sentence: each is a part of the text."""

import re
from functools import lru_cache

_CLAUSE = re.compile(r"[.!?;:•|]+(?=\s|$)|\s[-–—]\s|,(?=\s)|[()\[\]\"“”]")
_WORD = re.compile(r"[^\W_](?:[\w'\u2019&+%./-]*[\w%+])?")
# English, German, Spanish, French
_STOP_WORDS = """
a an and are as at be been but by can do for from has have how if in into is it its just more most
my no not of on or our out over so such than that the their them they this to too up us very was we
were what when which who will with you your
aber als am auch auf aus bei bis das dass dem den der des die dies ein eine einem einen einer für
ihr ihre im ist mit nach nicht noch nur oder ohne sich sie sind über um und uns unser von vor wir
wird zu zum zur
al algo como con de del el ella en es esta este la las lo los más muy nuestra nuestro o para pero
por que se sin son su sus también tu tus un una y
au aux avec ce ces cette dans et elle il ils je le les leur mais ne nos notre nous ou où par pas
plus pour qui sa sans ses sont sur ta tes ton une vos votre vous
"""
_STOP = frozenset(_STOP_WORDS.split())
# First words that begin a sentence only because they stood first.
_OPENER_WORDS = """
a an the our your we this these that it my der die das ein eine unser unsere wir el la los las un
una nuestro nuestra le les une des notre nos
"""
_OPENERS = frozenset(_OPENER_WORDS.split())


def content_words(text: str) -> list[str]:
    """Words that carry meaning, in order, as they are written."""
    return [
        word
        for word in _WORD.findall(text)
        if word.casefold() not in _STOP
        and (len(word) > 2 or not word.isascii() or word.isdigit() or word.isupper())
    ]


def has_content(text: str) -> bool:
    """Whether there is anything to write about."""
    return bool(content_words(text))


def clauses(text: str) -> list[str]:
    """The parts between punctuation that carry meaning, in order, each once."""
    parts = (part.strip(" ,;:.!?'-–—") for part in _CLAUSE.split(text))
    return list(dict.fromkeys(part for part in parts if has_content(part)))


@lru_cache(maxsize=512)
def spans(text: str, most: int) -> tuple[str, ...]:
    """Parts of the text of at most `most` characters: whole clauses first, then pieces of them of
    several words, then single words; a word too long for that is cut.
    """
    parts = _parts(text)
    whole = [clause for clause, _words, _ends in parts if len(clause) <= most]
    pieces = [piece for part in parts for piece in _pieces(part, most)]
    pieces.sort(key=lambda piece: " " not in piece)
    every = dict.fromkeys([*whole, *pieces])
    return tuple(every) or tuple(word[:most] for word in content_words(text)[:1])


_Part = tuple[str, list[int], list[tuple[int, bool]]]


@lru_cache(maxsize=64)
def _parts(text: str) -> tuple[_Part, ...]:
    """Each clause with where its words of meaning begin and end, and whether a group of them ends
    there.
    """
    found = []
    for clause in clauses(text):
        words = [
            (match.start(), match.end(), has_content(match.group()))
            for match in _WORD.finditer(clause)
        ][:60]
        ends = [
            (end, place + 1 == len(words) or not words[place + 1][2])
            for place, (_start, end, means) in enumerate(words)
            if means
        ]
        found.append((clause, [start for start, _end, means in words if means], ends))
    return tuple(found)


def _pieces(part: _Part, most: int) -> list[str]:
    """From each word of meaning on as far as fits, back to the end of a group of such words."""
    clause, starts, ends = part
    found = []
    for start in starts:
        fitting = [one for one in ends if start < one[0] <= start + most]
        if fitting:
            closed = [end for end, closes in fitting if closes]
            found.append(clause[start : closed[-1] if closed else fitting[-1][0]])
    return found


def inside(span: str) -> str:
    """A span as it reads in the middle of a sentence."""
    first = span.split(" ", 1)[0]
    return span[0].lower() + span[1:] if first.casefold() in _OPENERS else span


def at_start(span: str) -> str:
    """A span as it reads at the beginning of a sentence."""
    first = span[0].upper()
    return span if len(first) > 1 else first + span[1:]
