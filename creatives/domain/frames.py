"""Sentences of the local provider: `{}` takes a piece of the product description.

No frame promises anything: what is said of the product is the description's own words.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frames:
    """One language's frames: those of every tone, and by tone; a call to action by tone."""

    short: tuple[str, ...]
    short_by_tone: dict[str, tuple[str, ...]]
    sentences: tuple[str, ...]
    sentences_by_tone: dict[str, tuple[str, ...]]
    for_audience: str
    calls: dict[str, str]


FRAMES: dict[str, Frames] = {
    "en": Frames(
        short=(
            "{}", "Discover {}", "Explore {}", "About {}", "See {}", "{} for you",
            "Your look at {}", "Start with {}",
        ),
        short_by_tone={
            "professional": ("Introducing {}", "Consider {}", "In focus: {}", "A look at {}"),
            "friendly": ("Meet {}", "Say hello to {}", "Come and see {}", "Here is {}"),
            "playful": ("Psst: {}", "Guess what: {}", "Hello, {}", "Why not {}?"),
            "bold": ("Only {}", "Choose {}", "Simply {}", "Think {}"),
            "urgent": ("Today: {}", "Now: {}", "Do not miss {}", "Time for {}"),
        },
        sentences=(
            "{}.", "Discover {}.", "Get to know {}.", "Have a look at {}.", "This is {}.",
            "Find out about {}.", "It is about {}.", "See {} for yourself.",
        ),
        sentences_by_tone={
            "professional": ("Consider {} for your next step.", "We present {}."),
            "friendly": ("Say hello to {}.", "We would love to show you {}."),
            "playful": ("Did somebody say {}?", "Guess who brings {}."),
            "bold": ("Choose {}.", "Think {}."),
            "urgent": ("Do not wait to see {}.", "The time for {} is now."),
        },
        for_audience="{}, for {audience}.",
        calls={
            "professional": "Learn more.", "friendly": "Come and have a look.",
            "playful": "Go on, take a peek.", "bold": "See it now.", "urgent": "Act today.",
        },
    ),
    "de": Frames(
        short=(
            "{}", "Im Blick: {}", "Entdecken: {}", "Kennenlernen: {}", "Hier ist {}",
            "Rund um {}", "Unser Thema: {}", "Für Sie: {}",
        ),
        short_by_tone={
            "professional": ("Vorgestellt: {}", "Im Fokus: {}", "Im Detail: {}", "Überblick: {}"),
            "friendly": ("Hallo, {}", "Schön, dass es das gibt: {}", "Das ist {}", "Schau mal: {}"),
            "playful": ("Psst: {}", "Na, {}?", "Rate mal: {}", "Oh, {}"),
            "bold": ("Ganz klar: {}", "Einfach {}", "Klar: {}", "Nur: {}"),
            "urgent": ("Heute: {}", "Jetzt: {}", "Nicht verpassen: {}", "Zeit für {}"),
        },
        sentences=(
            "{}.", "Im Mittelpunkt: {}.", "Es geht um {}.", "Ein Blick lohnt sich: {}.",
            "Das ist {}.", "Gut zu wissen: {}.", "Zum Kennenlernen: {}.", "Einfach ansehen: {}.",
        ),
        sentences_by_tone={
            "professional": ("Wir stellen vor: {}.", "Für Ihren nächsten Schritt: {}."),
            "friendly": ("Wir zeigen gern: {}.", "Schön, dich zu sehen, hier ist {}."),
            "playful": ("Hat da jemand {} gesagt?", "Dreimal raten: {}."),
            "bold": ("Klare Sache: {}.", "Kurz gesagt: {}."),
            "urgent": ("Jetzt ansehen: {}.", "Heute noch: {}."),
        },
        for_audience="{}, für {audience}.",
        calls={
            "professional": "Mehr erfahren.", "friendly": "Schau vorbei.",
            "playful": "Trau dich und klick.", "bold": "Jetzt ansehen.",
            "urgent": "Noch heute ansehen.",
        },
    ),
    "es": Frames(
        short=(
            "{}", "Descubre {}", "Conoce {}", "Mira {}", "Todo sobre {}", "Para ti: {}",
            "Empieza con {}", "Explora {}",
        ),
        short_by_tone={
            "professional": ("Presentamos {}", "En detalle: {}", "A fondo: {}", "Considera {}"),
            "friendly": ("Te presentamos {}", "Saluda a {}", "Ven a ver {}", "Aquí está {}"),
            "playful": ("¿Y si {}?", "Adivina: {}", "Hola, {}", "Psst: {}"),
            "bold": ("Solo {}", "Elige {}", "Simplemente {}", "Piensa en {}"),
            "urgent": ("Hoy: {}", "Ahora: {}", "No te pierdas {}", "Es hora de {}"),
        },
        sentences=(
            "{}.", "Descubre {}.", "Conoce {}.", "Echa un vistazo a {}.", "Esto es {}.",
            "Se trata de {}.", "Infórmate sobre {}.", "Mira {} de cerca.",
        ),
        sentences_by_tone={
            "professional": ("Presentamos {}.", "Para tu próximo paso: {}."),
            "friendly": ("Nos encanta mostrarte {}.", "Saluda a {}."),
            "playful": ("¿Alguien dijo {}?", "Adivina qué: {}."),
            "bold": ("Elige {}.", "Piensa en {}."),
            "urgent": ("No esperes para ver {}.", "Es el momento de {}."),
        },
        for_audience="{}, para {audience}.",
        calls={
            "professional": "Más información.", "friendly": "Ven a verlo.",
            "playful": "Anda, echa un ojo.", "bold": "Míralo ya.", "urgent": "Actúa hoy.",
        },
    ),
    "fr": Frames(
        short=(
            "{}", "Découvrez {}", "Voici {}", "Zoom sur {}", "Pour vous : {}", "Tout sur {}",
            "Explorez {}", "Commencez par {}",
        ),
        short_by_tone={
            "professional": ("Présentation : {}", "En détail : {}", "À étudier : {}", "Focus : {}"),
            "friendly": ("Venez voir {}", "Bonjour, {}", "On vous présente {}", "C'est {}"),
            "playful": ("Et si {} ?", "Devinez : {}", "Psst : {}", "Oh, {}"),
            "bold": ("Juste {}", "Choisissez {}", "Simplement {}", "Pensez {}"),
            "urgent": ("Aujourd'hui : {}", "Maintenant : {}", "À voir : {}", "L'heure de {}"),
        },
        sentences=(
            "{}.", "Découvrez {}.", "Voici {}.", "Jetez un œil à {}.", "Il s'agit de {}.",
            "Apprenez-en plus sur {}.", "Regardez {} de près.", "Faites connaissance avec {}.",
        ),
        sentences_by_tone={
            "professional": ("Nous vous présentons {}.", "Pour votre prochaine étape : {}."),
            "friendly": ("On aime vous montrer {}.", "Dites bonjour à {}."),
            "playful": ("Quelqu'un a dit {} ?", "Devinez quoi : {}."),
            "bold": ("Choisissez {}.", "Pensez {}."),
            "urgent": ("N'attendez pas pour voir {}.", "C'est le moment de {}."),
        },
        for_audience="{}, pour {audience}.",
        calls={
            "professional": "En savoir plus.", "friendly": "Venez jeter un œil.",
            "playful": "Allez, cliquez.", "bold": "À voir tout de suite.",
            "urgent": "Agissez dès aujourd'hui.",
        },
    ),
}  # fmt: skip
