class Client:
    def get(self) -> str:
        return ""


client = Client()
