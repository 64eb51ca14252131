"""dspyc for coding agents: checks, questions about names, fixes and prompts as the tools of an MCP server.

Needs `pip install "dspyc[mcp]"`.
"""
