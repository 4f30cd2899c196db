using System.Net;

namespace Kublambda.Registry;

/// <summary>One request to the registry, described so that it can be made again from the start.</summary>
internal sealed record RegistryRequest
{
    /// <summary>For messages: what is being done to what.</summary>
    public required string Operation { get; init; }
    public required HttpMethod Method { get; init; }

    /// <summary>Relative to the registry, or absolute where the registry said so (uploads).</summary>
    public required Uri Url { get; init; }

    /// <summary>Scopes of a token that allows it, such as <c>repository:a/b:pull,push</c>.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>Statuses that are an answer, besides 2xx.</summary>
    public IReadOnlyList<HttpStatusCode> Expected { get; init; } = [];
    public IReadOnlyList<string> Accept { get; init; } = [];

    /// <summary>Makes the body, anew for each attempt.</summary>
    public Func<HttpContent>? Body { get; init; }

    /// <summary>Blobs may live elsewhere; nothing else may.</summary>
    public bool FollowRedirects { get; init; }

    /// <summary>For one attempt, until the headers of the answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>False where the caller repeats more than this one request.</summary>
    public bool Retry { get; init; } = true;
}
