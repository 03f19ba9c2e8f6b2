"""The buyer MCP server: tools of the rooms over Model Context Protocol."""
