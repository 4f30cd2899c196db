using System.ComponentModel.DataAnnotations;

namespace Kublambda.Builder.Remote;

/// <summary>How sources are fetched from elsewhere: the section <c>Fetch</c>.</summary>
public sealed record FetchOptions
{
    public const string Section = "Fetch";

    /// <summary>
    /// What may be fetched from though its address is private: networks (<c>10.20.0.0/16</c>), addresses and host names, separated by
    /// commas. The API server stays closed.
    /// </summary>
    public string? AllowedPrivate { get; init; }

    /// <summary>A file of certificates in PEM that are trusted besides those of the image; it may be missing.</summary>
    [Required]
    public string CaFile { get; init; } = "/etc/kublambda/trust/ca.crt";

    /// <summary>URL of a proxy for http and https sources and for the registries of ready images, with user and password where it wants some.</summary>
    public string? Proxy { get; init; }

    /// <summary>Hosts that are reached without the proxy: names, and suffixes that begin with a dot, separated by commas.</summary>
    public string? NoProxy { get; init; }

    /// <summary>Sources that one replica fetches at the same time.</summary>
    [Range(1, 100)]
    public int MaxConcurrent { get; init; } = 4;

    /// <summary>Of these, how many may be of one namespace: servers that never answer hold up nobody else.</summary>
    [Range(1, 100)]
    public int MaxPerNamespace { get; init; } = 2;

    /// <summary>How long a server may send nothing, or next to nothing, before its fetch is ended.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one fetch may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>After how long a source that was refused is fetched again, though nobody changed or asked for it.</summary>
    public TimeSpan RetryRefused { get; init; } = TimeSpan.FromMinutes(10);
}
