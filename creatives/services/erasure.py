"""What the room `creatives` forgets of a person."""

from core.registry import Person
from creatives.models import BrandRules, Generation


def erase_person(person: Person) -> int:
    """Empty the words and results of generations that name the person, and brand voices."""
    touched = 0
    for row in Generation.objects.iterator():
        if person.is_named_in([row.input, row.variations]):
            wanted = {
                name: "" if person.is_named_in(value) else value
                for name, value in row.input.items()
            }
            Generation.objects.filter(pk=row.pk).update(input=wanted, variations=[])
            touched += 1
    for rules in BrandRules.objects.iterator():
        if person.is_named_in([rules.voice, rules.banned_words]):
            BrandRules.objects.filter(pk=rules.pk).update(voice="", banned_words=[])
            touched += 1
    return touched
