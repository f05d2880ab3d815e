"""A container registry with two front doors, and the rules that let clients behind a wall reach them."""
