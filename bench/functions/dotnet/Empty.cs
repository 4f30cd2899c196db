using Google.Cloud.Functions.Framework;
using Microsoft.AspNetCore.Http;

namespace Bench;

public sealed class Empty : IHttpFunction
{
    public Task HandleAsync(HttpContext context) => Task.CompletedTask;
}
