# Streams what Ansible does as JSON lines, and leaves a summary with set_stats in a private file ($STRATA_STATS).
# Results of tasks are never printed as a whole: they may hold secrets. What set_stats hands on is never printed.
from __future__ import annotations

import json
import os

from ansible.parsing.ajson import AnsibleJSONEncoder
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: strata
type: stdout
short_description: JSON lines for strata
description: JSON lines for strata
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "strata"

    def __init__(self):
        super().__init__()
        self.play = None
        self.summary = {"hosts": {}, "custom": {}, "unmatched": [], "changes": []}

    def say(self, event, **fields):
        line = {"event": event}
        line.update((k, v) for k, v in fields.items() if v not in (None, ""))
        self._display.display(json.dumps(line, cls=AnsibleJSONEncoder, vault_to_text=False))

    def message(self, result):
        if result._task.no_log or result._result.get("_ansible_no_log"):
            return "(no_log)"
        parts = []
        for key in ("msg", "module_stderr", "stderr", "exception"):
            value = result._result.get(key)
            if isinstance(value, str) and value.strip() and key != "exception":
                parts.append(value.strip())
        for item in result._result.get("results") or []:
            if isinstance(item, dict) and item.get("failed") and isinstance(item.get("msg"), str):
                parts.append(item["msg"].strip())
        return "; ".join(dict.fromkeys(parts))[:4000]

    def task_name(self, result):
        return result._task.get_name().strip()

    def v2_playbook_on_play_start(self, play):
        self.play = play
        self.say("play", name=play.get_name().strip())

    def v2_playbook_on_no_hosts_matched(self):
        hosts = self.play.hosts if self.play else []
        pattern = hosts if isinstance(hosts, str) else ",".join(str(h) for h in hosts or [])
        self.summary["unmatched"].append(pattern)
        self.say("no-hosts", pattern=pattern)

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.say("task", name=task.get_name().strip())

    def v2_playbook_on_handler_task_start(self, task):
        self.say("task", name=task.get_name().strip())

    def v2_runner_on_ok(self, result):
        if not result._result.get("changed"):
            return
        host, task = result._host.get_name(), self.task_name(result)
        self.summary["changes"].append({"host": host, "task": task})
        self.say("changed", host=host, task=task)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        event = "ignored" if ignore_errors else "failed"
        self.say(event, host=result._host.get_name(), task=self.task_name(result), text=self.message(result))

    def v2_runner_on_unreachable(self, result):
        self.say("unreachable", host=result._host.get_name(), task=self.task_name(result), text=self.message(result))

    def v2_runner_retry(self, result):
        self.say("retry", host=result._host.get_name(), task=self.task_name(result))

    def v2_on_file_diff(self, result):
        if result._task.no_log or result._result.get("_ansible_no_log"):
            return
        results = result._result.get("results") if result._task.loop else [result._result]
        for one in results or []:
            if isinstance(one, dict) and one.get("diff") and one.get("changed") and not one.get("_ansible_no_log"):
                for line in self._get_diff(one["diff"]).splitlines():
                    self.say("diff", host=result._host.get_name(), text=line)

    def v2_playbook_on_stats(self, stats):
        for host in sorted(stats.processed):
            counts = stats.summarize(host)
            self.summary["hosts"][host] = counts
            self.say("host", host=host, **counts)
        self.summary["custom"] = stats.custom
        path = os.environ.get("STRATA_STATS")
        if not path:
            return
        with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(self.summary, file, cls=AnsibleJSONEncoder, vault_to_text=True)
        os.replace(path + ".new", path)
