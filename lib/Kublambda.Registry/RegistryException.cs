using System.Net;

namespace Kublambda.Registry;

/// <summary>What kind of trouble the registry is in, by who has to act.</summary>
public enum RegistryErrorKind
{
    /// <summary>It does not answer, or answers 5xx: wait, then look at the registry.</summary>
    Unavailable,

    /// <summary>401: no credentials, or wrong ones.</summary>
    Unauthorized,

    /// <summary>403: the account may not do this.</summary>
    Forbidden,

    /// <summary>The registry does not allow deletion at all.</summary>
    DeletionDisabled,

    /// <summary>Its disk is full, or a quota used up.</summary>
    Full,

    /// <summary>429, still after the retries.</summary>
    TooManyRequests,

    /// <summary>The request was refused as wrong, or the answer breaks the distribution specification.</summary>
    Invalid,
}

/// <summary>An operation on the registry failed. The message names host, operation and what to do.</summary>
public sealed class RegistryException(RegistryErrorKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    public RegistryErrorKind Kind { get; } = kind;

    /// <summary>The answer's status, where there was an answer.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>How long the registry asked to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>True where the same request may succeed a moment later.</summary>
    internal bool Transient => Kind is RegistryErrorKind.Unavailable or RegistryErrorKind.TooManyRequests;
}
