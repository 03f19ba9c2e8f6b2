"""Starting the product's processes."""
