"""Changes of the room `creatives`: images that are kept, generations, brand rules."""
