def handler(request):
    return ""
