"""What others read in the templates of `modelpack env`: python env_templates.py EXPECTED.json FOLDER"""

import json
import sys
from pathlib import Path

import hcl2
import yaml
from dockerfile_parse import DockerfileParser
from dotenv import dotenv_values

expected = json.loads(Path(sys.argv[1]).read_text())
folder = Path(sys.argv[2])


def text(name):
    return (folder / name).read_text()


def dockerfile():
    parser = DockerfileParser(fileobj=open(folder / "Dockerfile", "r+b"))
    return dict(parser.envs)


def terraform():
    def plain(value):
        return value[1:-1] if isinstance(value, str) and value[:1] == '"' else value

    resource = hcl2.loads(text("main.tf"))["resource"][0]
    function = next(iter(next(iter(resource.values())).values()))
    variables = function["environment"][0]["variables"]
    return {plain(name): plain(value) for name, value in variables.items() if not name.startswith("__")}


found = {
    "dotenv": dict(dotenv_values(folder / ".env")),
    "json": json.loads(text("env.json")),
    "yaml": yaml.safe_load(text("env.yaml")),
    "serverless": yaml.safe_load(text("serverless.yml"))["provider"]["environment"],
    "dockerfile": dockerfile(),
    "terraform": terraform(),
}
for name, values in found.items():
    assert values == expected, (name, values)
print(len(expected), "variables read alike by", ", ".join(found))
