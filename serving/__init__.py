"""Programs as a service: typed HTTP endpoints on an ASGI stack, and tools of an MCP server.

Needs `pip install "dspyc[serve]"` (Starlette, uvicorn, prometheus_client), and `"dspyc[mcp]"` for tools.
"""
