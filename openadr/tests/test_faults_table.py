"""The table of faults in `docs/openadr.md` names tests that are there."""

import re

from drportal.env import BASE_DIR


def test_tests_that_the_table_of_faults_names_exist():
    text = (BASE_DIR / "docs/openadr.md").read_text().split("## Faults\n")[1].split("\n## ")[0]
    named = re.findall(r"`(test_\w+\.py)`: ((?:`test_\w+`(?:, )?)+)", text)
    assert len(named) > 15
    for file, names in named:
        files = [path for room in ("openadr", "simulator") for path in (BASE_DIR / room).rglob(file)]
        content = "".join(path.read_text() for path in files)
        for name in re.findall(r"`(\w+)`", names):
            assert f"def {name}(" in content, f"{file}: {name}"
