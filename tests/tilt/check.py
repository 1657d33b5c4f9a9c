"""Evaluates the Tiltfile with a Starlark interpreter and stand-ins for Tilt's functions, and looks at what it declares.

usage: check.py Tiltfile

Held: names of arguments, one resource per name, dependencies that exist and have no cycle, a probe for everything that
keeps running, npm scripts and paths that exist, the resources and ports that the README names, and that everything under
the label "tests" waits for a person. It holds the Tiltfile to these stand-ins' idea of Tilt, not to Tilt itself.
"""
import json
import os
import re
import sys

import starlark

# Of Tilt's documentation: the arguments of the functions that may be used here.
LOCAL_RESOURCE = {
    "name", "cmd", "deps", "trigger_mode", "resource_deps", "ignore", "auto_init", "serve_cmd", "allow_parallel", "links",
    "labels", "env", "serve_env", "readiness_probe", "dir", "serve_dir", "cmd_bat", "serve_cmd_bat",
}
PROBE = {
    "initial_delay_secs", "timeout_secs", "period_secs", "success_threshold", "failure_threshold", "exec", "http_get",
    "tcp_socket",
}
WANTED_PORTS = {"workers": 8787, "tastytrade-sim": 8788, "mcp-inspector": 6274}


class Tilt:
    """What a Tiltfile declares, as it is evaluated."""

    def __init__(self):
        self.resources = {}
        self.errors = []

    def arguments(self, what, given, known):
        self.errors += [f"{what}: unknown argument {name}" for name in sorted(set(given) - known)]

    def local_resource(self, name, **given):
        self.arguments(name, given, LOCAL_RESOURCE)
        if name in self.resources:
            self.errors.append(f"{name}: declared twice")
        if not given.get("cmd") and not given.get("serve_cmd"):
            self.errors.append(f"{name}: neither cmd nor serve_cmd")
        self.resources[name] = given

    def probe(self, **given):
        self.arguments("probe", given, PROBE)
        if sum(kind in given for kind in ("exec", "http_get", "tcp_socket")) != 1:
            self.errors.append("probe: exactly one of exec, http_get and tcp_socket")
        return json.dumps(given)

    def http_get_action(self, port, **given):
        self.arguments("http_get_action", given, {"host", "scheme", "path"})
        return {"port": port, **given}


def evaluate(path, text):
    tilt = Tilt()
    module = starlark.Module()
    module["TRIGGER_MODE_AUTO"] = "auto"
    module["TRIGGER_MODE_MANUAL"] = "manual"
    module.add_callable("local_resource", tilt.local_resource)
    module.add_callable("probe", tilt.probe)
    module.add_callable("http_get_action", tilt.http_get_action)
    module.add_callable("link", lambda url, name="": {"url": url, "name": name})
    # The environment of the person who runs the check is not part of what is checked.
    module.add_callable("_getenv", lambda name, default="": default)
    module.add_callable("_define", lambda name, args=False, usage="": None)
    module.add_callable("_parse", lambda: {})
    names = starlark.Globals.extended_by([starlark.LibraryExtension.StructType, starlark.LibraryExtension.Print])
    prelude = (
        "os = struct(getenv=_getenv)\n"
        "config = struct(define_string=_define, define_bool=_define, define_string_list=_define, parse=_parse)\n"
    )
    starlark.eval(module, starlark.parse("prelude", prelude), names)
    dialect = starlark.Dialect.extended()
    dialect.enable_top_level_stmt = True
    starlark.eval(module, starlark.parse(path, text, dialect), names)
    return tilt


def graph(resources):
    errors = []
    for name, given in resources.items():
        for needed in given.get("resource_deps", []):
            if needed not in resources:
                errors.append(f"{name}: depends on {needed}, which is not declared")

    done, open_ = set(), []

    def visit(name):
        if name in open_:
            errors.append("a circle: " + " -> ".join(open_[open_.index(name):] + [name]))
            return
        if name in done or name not in resources:
            return
        open_.append(name)
        for needed in resources[name].get("resource_deps", []):
            visit(needed)
        open_.pop()
        done.add(name)

    for name in resources:
        visit(name)
    return errors


def contents(resources, root):
    errors = []
    with open(os.path.join(root, "package.json"), encoding="utf-8") as file:
        scripts = json.load(file)["scripts"]
    for name, given in resources.items():
        command = given.get("cmd") or given.get("serve_cmd") or ""
        for script in re.findall(r"npm run (?:--silent |-s )?([\w:-]+)", command):
            if script not in scripts:
                errors.append(f"{name}: package.json has no script {script}")
        for script in re.findall(r"\bnode (scripts/\S+)", command):
            if not os.path.exists(os.path.join(root, script)):
                errors.append(f"{name}: there is no {script}")
        for path in given.get("deps", []):
            # .dev.vars is made by the first start.
            if path != ".dev.vars" and not os.path.exists(os.path.join(root, path)):
                errors.append(f"{name}: watches {path}, which does not exist")
        if given.get("serve_cmd") and not given.get("readiness_probe"):
            errors.append(f"{name}: keeps running and has no readiness_probe")
        if "tests" in given.get("labels", []):
            if given.get("trigger_mode") != "manual" or given.get("auto_init") is not False:
                errors.append(f"{name}: would run without being asked")
    for name, port in WANTED_PORTS.items():
        probe = resources.get(name, {}).get("readiness_probe")
        found = json.loads(probe).get("http_get", {}).get("port") if probe else None
        if name not in resources:
            errors.append(f"there is no resource {name}")
        elif found != port:
            errors.append(f"{name}: answers at {found} instead of {port}")
    if not any("tests" in given.get("labels", []) for given in resources.values()):
        errors.append("there is no button for tests")
    return errors


def check(path, text=None):
    """The list of what is wrong with a Tiltfile, and the number of resources."""
    root = os.path.dirname(os.path.abspath(path))
    if text is None:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    try:
        tilt = evaluate(path, text)
    except Exception as error:  # The interpreter's errors have no class of their own; each says where it is.
        return [str(error)], 0
    return tilt.errors + graph(tilt.resources) + contents(tilt.resources, root), len(tilt.resources)


if __name__ == "__main__":
    problems, count = check(sys.argv[1])
    for problem in problems:
        print(problem)
    print(f"{count} resources, {len(problems)} problems")
    sys.exit(1 if problems else 0)
