using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Kublambda.Registry;

/// <summary>
/// The name of an image: <c>host/repository:tag@digest</c>. Short names mean Docker Hub, as everywhere:
/// <c>node</c> is <c>docker.io/library/node</c>. The first part is a host where it has a dot or a colon or is <c>localhost</c>.
/// </summary>
public sealed partial record ImageReference
{
    private const string DockerHub = "docker.io";
    private const int MaxRepositoryLength = 255;

    public required string Host { get; init; }

    /// <summary>Path without the host.</summary>
    public required string Repository { get; init; }
    public string? Tag { get; init; }
    public string? Digest { get; init; }

    /// <exception cref="FormatException">The text is no image name.</exception>
    public static ImageReference Parse(string text) =>
        TryParse(text, out var reference) ? reference : throw new FormatException($"'{text}' is not an image name such as registry.example.com/team/app:1.0.");

    public static bool TryParse(string? text, [NotNullWhen(true)] out ImageReference? reference)
    {
        reference = null;
        if (string.IsNullOrEmpty(text))
            return false;
        var (rest, digest) = CutLast(text, '@');
        var (path, tag) = CutLast(rest, ':');
        if (tag is not null && tag.Contains('/', StringComparison.Ordinal))
            (path, tag) = (rest, null);
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : path[..slash];
        var named = first == "localhost" || first.Contains('.', StringComparison.Ordinal) || first.Contains(':', StringComparison.Ordinal);
        var host = named ? first : DockerHub;
        var repository = named ? path[(slash + 1)..] : slash < 0 ? $"library/{path}" : path;
        if (!IsHost(host) || !IsRepository(repository) || (tag is not null && !IsTag(tag)) || (digest is not null && !Registry.Digest.IsValid(digest)))
            return false;
        reference = new ImageReference { Host = host, Repository = repository, Tag = tag, Digest = digest };
        return true;
    }

    public override string ToString() =>
        $"{Host}/{Repository}{(Tag is null ? "" : $":{Tag}")}{(Digest is null ? "" : $"@{Digest}")}";

    /// <summary>True for <c>host</c> or <c>host:port</c>, without scheme and path.</summary>
    public static bool IsHost(string? host) => host is not null && HostPattern().IsMatch(host);

    /// <summary>True for a repository name of the distribution specification.</summary>
    public static bool IsRepository(string? repository) =>
        repository is { Length: > 0 and <= MaxRepositoryLength } && RepositoryPattern().IsMatch(repository);

    public static bool IsTag(string? tag) => tag is not null && TagPattern().IsMatch(tag);

    private static (string Head, string? Tail) CutLast(string text, char separator)
    {
        var at = text.LastIndexOf(separator);
        return at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
    }

    [GeneratedRegex(@"\A(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?\z", RegexOptions.CultureInvariant)]
    private static partial Regex HostPattern();

    [GeneratedRegex(@"\A[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex RepositoryPattern();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\z", RegexOptions.CultureInvariant)]
    private static partial Regex TagPattern();
}
