"""
The codes of all findings, each with its rule in one sentence.

The reference (docs/reference/lint.md) has a section for each, with a bad and a good example.
"""

CATALOGUE: dict[str, str] = {
    "XS001": "A key is written once.",
    "XS002": "The document has the shape of a chart.",
    "XS003": "No state is named by a word that YAML 1.1 reads as a boolean.",
    "XS004": "A state's id is unique in the whole chart, and an identifier.",
    "XS005": "A silence has a reason, and a finding to accept.",
    "XS101": "Every state can be reached.",
    "XS102": "Every state that is no end has a way out.",
    "XS103": "An end can be reached from everywhere, if there is one.",
    "XS104": "Eventless transitions come to rest.",
    "XS105": "Transitions of a state for the same event exclude each other.",
    "XS106": "An answer that comes once is handled whatever the guards say.",
    "XS107": "What is raised is handled, and what is handled is produced.",
    "XS108": "An event that can arrive in a state is handled there, or ignored on purpose.",
    "XS109": "A chart is small enough to be looked through.",
    "XS201": "Every name is offered by the context, and is what it is taken for.",
    "XS202": "Callbacks and events have different names.",
    "XS203": "Callbacks are written after executable content, since they run after it.",
    "XS204": "The initial state is entered silently.",
    "XS206": "Somebody carries out each command, and knows which order it is about.",
    "XS301": "Timers and commands can be kept by the runtime and read off the chart.",
    "XS302": "Whatever is waited for has a deadline.",
    "XS303": "A timer is handled wherever it can fire.",
    "XS401": "From open exposure, timers alone lead to a safe state in bounded time.",
    "XS402": "An order is sent where each of its answers is expected, unknown too.",
    "XS403": "A fill is handled while a cancel is on its way.",
    "XS404": "No execution ends while money is open.",
    "XS405": "A state that wants to hear of a pause handles it.",
    "XS406": "The risky leg is placed only from a flat state.",
    "XS407": "A second order for the same purpose waits until the first is known.",
    "XS408": "No order is in doubt where an execution is flat or has ended.",
    "XS409": "A person who is called can say something.",
}
