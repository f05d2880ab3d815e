"""Who is asking, and what they may do: passwords, tokens, scopes and the challenge."""
