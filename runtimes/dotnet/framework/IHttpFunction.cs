using Microsoft.AspNetCore.Http;

namespace Google.Cloud.Functions.Framework;

/// <summary>A function that answers HTTP requests. The shape of https://github.com/GoogleCloudPlatform/functions-framework-dotnet.</summary>
public interface IHttpFunction
{
    /// <summary>Handles one request; the answer is written to <see cref="HttpContext.Response"/>.</summary>
    Task HandleAsync(HttpContext context);
}
