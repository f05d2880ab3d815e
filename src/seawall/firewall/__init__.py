"""The rules that let clients behind a wall through: worked out, written, kept current, proved."""
