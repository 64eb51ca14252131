def fetch(query: str) -> str:
    return query


class Client:
    def get(self) -> str:
        return ""


client = Client()
