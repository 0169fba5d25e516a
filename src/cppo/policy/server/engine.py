"""The engine over an OpenAI-compatible server: requests go out side by side, answers come back as completions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

from cppo.policy.engine import Completion, Done, GenerationRequest
from cppo.policy.server.apart import found_by
from cppo.policy.server.attempts import Attempts
from cppo.policy.server.client import Client, load_openai
from cppo.policy.server.redact import Redactor, ambient_secrets, read_key
from cppo.policy.server.settings import ServerSettings


class ServerEngine:
    """Samples from the model that `settings` names; it holds no connection and no key between two calls.

    What differs from `LocalEngine`, because a server sees to it:
    - Completions have token counts (`usage`), no tokens and no log-probability.
    - The completions API continues the prompt's opening; the chat API cannot, so neither the opening nor the stop
      strings that go with it are sent, and `text` is what the model answered.
    - Thinking that the server has set apart never was in `text`; as all thinking, it counts in `tokens_out`.
    - A seed makes a sample repeatable only where the server sees to that; many do only for the same batches.
    - A prompt that leaves less room than `max_tokens` is refused by most servers rather than given what room there is;
      it counts as cut (`LENGTH`, no text).
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        """Return one completion a request, in order; `on_done` hears of each as it comes, in the calling thread.

        A request that gets no answer within `attempts` becomes a completion with `stop_reason` `ERROR` and its `error`;
        the others go on. Raises `ModelError` when the server cannot be used at all: the key is refused (401, 402, 403),
        the model is unknown, every request of the call was refused or found nobody, or so many in a row found nobody
        as run at once (at least 8).
        """
        if not requests:
            return []
        load_openai()
        key = read_key(self.settings.api_key_env)
        results: dict[int, Completion] = {}

        async def work(tell: Callable[[tuple[int, Completion]], None]) -> None:
            hide = Redactor([key, *ambient_secrets()])
            async with Client(self.settings, key) as client:
                await Attempts(client, self.settings, hide, key is not None).all(requests, tell)

        with closing(found_by(work)) as found:
            for i, completion in found:
                results[i] = completion
                if on_done is not None:
                    on_done(i, completion)
        return [results[i] for i in range(len(requests))]
