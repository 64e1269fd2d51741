"""What is made: one package per product. Products do not import each other: they meet in the warehouse."""
