"""Run by an interpreter that has LiteLLM: does the real proxy load this configuration, and whom does it fall back to?

Prints JSON. No request leaves the machine: every answer is the `mock_response` of the configuration.
"""

import asyncio
import json
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


def main(path: str, primary: str) -> None:
    from litellm.proxy.proxy_server import ProxyConfig  # noqa: PLC0415 - after the environment

    router, _models, _settings = asyncio.run(ProxyConfig().load_config(router=None, config_file_path=path))
    messages = [{"role": "user", "content": "Who answers?"}]
    failing = router.completion(model=primary, messages=messages, mock_testing_fallbacks=True)
    too_long = router.completion(model=primary, messages=messages, mock_testing_context_fallbacks=True)
    told = {
        "fallbacks": router.fallbacks,
        "context_window_fallbacks": router.context_window_fallbacks,
        "after_a_failure": failing.choices[0].message.content,
        "after_too_long_a_prompt": too_long.choices[0].message.content,
    }
    sys.stdout.write(f"\n{json.dumps(told)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
