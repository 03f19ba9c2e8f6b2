"""The local provider's copy: within lengths, made of the description, different where it is."""

import random
import re
from itertools import combinations

import pytest

from creatives.domain.copywriting import CopyBrief, banned_in, read_copy
from creatives.domain.frames import FRAMES
from creatives.domain.grammar import Line, NothingToSayError, write_lines
from creatives.domain.limits import LENGTHS, TEXT_TYPES, TONES, placements_of
from creatives.domain.outside import plain_text
from creatives.domain.spans import content_words, spans

SYLLABLES = (
    "ka", "lo", "mi", "ne", "ru", "ta", "vel", "zor", "pin", "gra",
    "shu", "bel", "dro", "fex", "qui", "wal", "hyn", "jop", "sti",
)  # fmt: skip
GLUE = ["for", "with", "and", "of the", "to", "in", "-", ",", ".", ";", "!", "–", "(", ")"]


def brief(description, **changes):
    fields = {
        "audience": "",
        "tone": "professional",
        "language": "en",
        "platform": "facebook",
        "placement": "feed",
        "types": TEXT_TYPES,
        "count": 3,
        **changes,
    }
    lengths = LENGTHS[fields["platform"], fields["placement"]]
    return CopyBrief(description=description, lengths=lengths, **fields)


def random_description(rng):
    """Made-up words of 2 to 40 letters, glue and punctuation between them, in any order."""
    parts = ["".join(rng.choices(SYLLABLES, k=3))]
    for _ in range(rng.randint(0, 40)):
        word = "".join(rng.choices(SYLLABLES, k=rng.choice([1, 2, 2, 3, 3, 4, 12])))
        parts.append(word.title() if rng.random() < 0.3 else word)
        if rng.random() < 0.5:
            parts.append(rng.choice(GLUE))
    return plain_text(" ".join(parts), most=2000)


def random_brief(rng):
    platform, placement = rng.choice(list(LENGTHS))
    return brief(
        random_description(rng),
        audience=rng.choice(["", "people who build things", "x" * 200]),
        tone=rng.choice(TONES),
        language=rng.choice(list(FRAMES)),
        platform=platform,
        placement=placement,
        count=rng.randint(1, 5),
    )


def sentences(text, asked):
    call = FRAMES[asked.language].calls[asked.tone]
    return [
        one
        for one in re.split(r"(?<=[.!?]) ", text)
        if one and one not in (call, *call.split(". "))
    ]


def without_source(line: Line, asked) -> list[str]:
    """Sentences of a line in which no piece of the description stands."""
    known = {word.casefold() for word in content_words(asked.description)}
    return [
        one
        for one in sentences(line.text, asked)
        if not any(word.casefold() in known for word in content_words(one))
        and not any(source.casefold() in one.casefold() for source in line.sources)
    ]


def test_a_thousand_random_descriptions():
    rng = random.Random(7)
    lines = too_long = no_source = refused = 0
    for _ in range(1000):
        asked = random_brief(rng)
        made = write_lines(asked)
        assert len(made) == asked.count
        for one in made:
            for name, line in one.items():
                lines += 1
                too_long += len(line.text) > asked.lengths.of(name)
                no_source += len(without_source(line, asked))
                for source in line.sources:
                    assert source in asked.description
        answer = {"variations": [{k: v.text for k, v in one.items()} for one in made]}
        refused += len(read_copy(answer, asked)) != asked.count
    print(
        f"BAR L2 local copy: 1,000 descriptions, {lines} texts, {too_long} too long,"
        f" {no_source} sentences without a source, {refused} refused"
    )
    assert (too_long, no_source, refused) == (0, 0, 0)


def test_a_frame_without_a_piece_is_found():
    asked = brief("Handmade oak chairs")
    empty = Line("The best you can buy.", ("oak chairs",))
    assert without_source(empty, asked) == ["The best you can buy."]


def test_unlike_descriptions_share_no_sentence():
    rng = random.Random(11)
    words = ["".join(rng.sample(SYLLABLES, 3)) for _ in range(400)]
    words = list(dict.fromkeys(words))
    said = []
    for number in range(40):
        own = words[number * 9 : number * 9 + 9]
        asked = brief(f"{' '.join(own[:4])} for {' '.join(own[4:])}", count=5)
        said.append(
            {
                one
                for made in write_lines(asked)
                for line in made.values()
                for one in sentences(line.text, asked)
            }
        )
    assert all(len(found) >= 10 for found in said)
    assert [pair for pair in combinations(said, 2) if pair[0] & pair[1]] == []


@pytest.mark.parametrize("language", FRAMES)
@pytest.mark.parametrize("tone", TONES)
def test_one_word_is_enough_for_ten_variations(language, tone):
    made = write_lines(brief("Shoes", language=language, tone=tone, count=10))
    assert len({tuple(line.text for line in one.values()) for one in made}) == 10
    assert len({one["headline"].text for one in made}) == 10


def test_every_frame_takes_one_piece():
    for frames in FRAMES.values():
        every = [
            *frames.short, *frames.sentences,
            *(one for tone in TONES for one in frames.short_by_tone[tone]),
            *(one for tone in TONES for one in frames.sentences_by_tone[tone]),
        ]  # fmt: skip
        assert all(one.count("{}") == 1 for one in every)
        assert set(frames.calls) == set(TONES)


def test_tones_and_languages_differ():
    said = {
        (tone, language): write_lines(brief("Handmade oak chairs", tone=tone, language=language))[
            0
        ]["primary_text"].text
        for tone in TONES
        for language in FRAMES
    }
    assert len(set(said.values())) == len(said)


def test_banned_words_are_left_out():
    asked = brief("Cheap oak chairs for cheap homes, cheap and good", banned=("cheap", "Learn"))
    for made in write_lines(asked):
        assert all(banned_in(line.text, asked.banned) == [] for line in made.values())
    with pytest.raises(NothingToSayError):
        write_lines(brief("Cheap!", banned=("cheap",)))


def test_spans_are_parts_of_the_text():
    text = "Online accounting dashboard for small businesses. Track invoices, expenses and taxes"
    assert spans(text, 30)[:3] == (
        "Track invoices",
        "expenses and taxes",
        "Online accounting dashboard",
    )
    for most in range(6, 60):
        assert all(span in text and len(span) <= most for span in spans(text, most))
    assert spans("x" * 500, 20) == ("x" * 20,)


def test_lengths_name_real_placements():
    assert placements_of("facebook") == ("feed", "stories", "reels")
    assert placements_of("reddit") == ("feed",)
