namespace Kublambda.Contracts.Resources;

/// <summary>Where the code comes from: exactly one member is set.</summary>
public sealed record SourceSpec
{
    public InlineSource? Inline { get; init; }
    public ZipSource? Zip { get; init; }
    public ArchiveSource? Archive { get; init; }
    public GitSource? Git { get; init; }
    public ImageSource? Image { get; init; }
}

/// <summary>Files in the resource itself: relative path to content.</summary>
public sealed record InlineSource
{
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();
}

/// <summary>A zip or tar.gz archive in a ConfigMap of the same namespace (<c>binaryData</c> or base64 in <c>data</c>), or as base64 text.</summary>
public sealed record ZipSource
{
    public KeyRef? ConfigMap { get; init; }
    public string? Data { get; init; }
}

/// <summary>A zip or tar.gz behind a URL.</summary>
public sealed record ArchiveSource
{
    public string Url { get; init; } = "";

    /// <summary>Of the archive as it is downloaded, in hexadecimal.</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>Directory in the archive; its root when absent.</summary>
    public string? SubPath { get; init; }
}

/// <summary>A directory of a git repository at a branch, tag or commit.</summary>
public sealed record GitSource
{
    /// <summary>https, http or ssh.</summary>
    public string Url { get; init; } = "";

    /// <summary>Branch, tag or whole commit id; the remote's HEAD when absent.</summary>
    public string? Revision { get; init; }

    /// <summary>Directory in the repository; its root when absent.</summary>
    public string? SubPath { get; init; }

    /// <summary>Credentials: <c>username</c> and <c>password</c>, or <c>ssh-privatekey</c> and <c>known_hosts</c>.</summary>
    public SecretRef? SecretRef { get; init; }
}

/// <summary>A ready image: nothing is built.</summary>
public sealed record ImageSource
{
    public string Reference { get; init; } = "";
}

/// <summary>A key of a ConfigMap or Secret in the Lambda's namespace.</summary>
public sealed record KeyRef
{
    public string Name { get; init; } = "";
    public string Key { get; init; } = "";
}

/// <summary>A Secret in the Lambda's namespace.</summary>
public sealed record SecretRef
{
    public string Name { get; init; } = "";
}
