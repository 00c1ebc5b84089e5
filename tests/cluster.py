"""A Dask cluster of real processes on this machine."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

# A cluster that has nothing to do looks around 50 times a second; here it mostly waits.
RESTFUL = {
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "500ms",
    "DASK_DISTRIBUTED__WORKER__MEMORY__MONITOR_INTERVAL": "1s",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "2s",
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
}


@contextlib.contextmanager
def cluster(folder, workers=("--nanny", "--no-nanny"), codes=None):
    """Start a scheduler, and a worker for each option; yield the scheduler's address.

    A worker with a nanny is started again when it is killed, one without is not.  With `codes`,
    each worker runs one of them before all else, as where other packages are installed.
    """
    with contextlib.ExitStack() as processes, (folder / "log").open("w") as log:

        def start(*arguments, code=""):
            environment = os.environ | RESTFUL
            if code:
                site = folder / f"site-{len(list(folder.glob('site-*')))}"
                site.mkdir()
                (site / "sitecustomize.py").write_text(code)
                environment["PYTHONPATH"] = str(site)
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            processes.callback(end, process)
            return process

        file = folder / "scheduler.json"
        scheduler = start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file)
        )
        while not (file.exists() and file.read_text().endswith("}")):
            assert scheduler.poll() is None, (folder / "log").read_text()
            time.sleep(0.02)
        address = json.loads(file.read_text())["address"]
        options = ("--nthreads", "1", "--local-directory", str(folder))
        for option, code in zip(workers, codes or [""] * len(workers), strict=True):
            start("worker", address, *options, option, code=code)
        yield address


def without(*packages):
    """Return code that hides packages from whoever runs it first."""
    return f"""
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden())
"""


def end(process):
    # With the worker of a nanny, which is in its session.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
