"""The process that talks to Typhoon HIL Control Center. Not run on hardware.

It stands alone (standard library and Typhoon's own package), because that package wants an environment of its own.
On standard input it takes one JSON object a line, `{"do": "read"}` or `{"do": "shed", "watts": 60000}`, and answers
each with one line on standard output: `{"ok": {...}}`, `{"error": "…"}`, or `{"missing": "…"}` where the package is
not installed. When standard input ends, whoever asked is gone: it releases the shed and ends.

    python typhoon_child.py CONFIGURATION.json
"""

import json
import sys
from typing import Any, Dict, TextIO  # noqa: UP035 - Typhoon's environments may be older


class Plant:
    """The model in the Control Center, by the names in the configuration."""

    def __init__(self, hil: Any, names: Dict[str, Any]) -> None:  # noqa: UP006
        self.hil = hil
        self.names = names
        self.asked = 0.0
        if names.get("model"):
            hil.load_model(names["model"], vhilDevice=bool(names.get("virtual")))
            hil.start_simulation()

    def read(self) -> Dict[str, Any]:  # noqa: UP006
        signals = self.names["signals"]
        values: Dict[str, Any] = {}  # noqa: UP006
        for name in ("hertz", "watts", "vars", "shed_watts"):
            values[name] = self._value(signals[name])
        values["volts"] = [self._value(name) for name in signals["volts"]]
        if signals.get("energy_wh"):
            values["energy_wh"] = self._value(signals["energy_wh"])
        values["setpoint_watts"] = self.asked
        return values

    def shed(self, watts: float) -> Dict[str, Any]:  # noqa: UP006
        self.hil.set_scada_input_value(self.names["shed_input"], float(watts))
        self.asked = float(watts)
        return {}

    def _value(self, name: str) -> float:
        return float(self.hil.read_analog_signal(name))


def serve(plant: Plant, questions: TextIO, answers: TextIO) -> None:
    """Answers until the questions end, then releases."""
    for line in questions:
        answers.write(json.dumps(answer(plant, line)) + "\n")
        answers.flush()
    plant.shed(0.0)


def answer(plant: Plant, line: str) -> Dict[str, Any]:  # noqa: UP006
    """What is said to one line; whatever Typhoon's package raises becomes words."""
    try:
        question = json.loads(line)
        if question["do"] == "shed":
            return {"ok": plant.shed(question["watts"])}
        return {"ok": plant.read()}
    except Exception as error:
        return {"error": "{}: {}".format(type(error).__name__, error)}  # noqa: UP032


def main() -> int:
    """Reads the configuration, opens the model and serves; the exit code is 1 where there is no package."""
    answers, sys.stdout = sys.stdout, sys.stderr  # the package prints; only answers may go down the pipe
    try:
        import typhoon.api.hil as hil  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        answers.write(json.dumps({"missing": str(error)}) + "\n")
        return 1
    with open(sys.argv[1], encoding="utf-8") as file:
        names = json.load(file)
    serve(Plant(hil, names), sys.stdin, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
