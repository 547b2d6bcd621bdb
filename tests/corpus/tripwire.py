"""What the payloads of the corpus would call. It only notes that it ran; a test asserts that it never did."""

rung: list[tuple[object, ...]] = []


def ring(*arguments: object) -> None:
    """Note the call."""
    rung.append(arguments)
