using System.Diagnostics.CodeAnalysis;
using Kublambda.Registry;

namespace Kublambda.Builder.Fetching;

/// <summary>The command line of <see cref="FetchCommand"/>.</summary>
public sealed record FetchArguments
{
    public const string Usage =
        "usage: fetch [--tls-verify=true|false] [--dockerfile=FILE --from=IMAGE@DIGEST --runtime=NAME] [--dependencies=NAME] [--scaffold=RUNTIME] <host/repository@sha256:...> <directory>";

    private const string TlsVerify = "--tls-verify";

    public required ImageReference Bundle { get; init; }

    /// <summary>Where the source's files go.</summary>
    public required string Directory { get; init; }
    public bool PlainHttp { get; init; }

    /// <summary>Where to write a <see cref="Fetching.Dockerfile"/>; beside <see cref="Directory"/>. Null: nowhere.</summary>
    public string? Dockerfile { get; init; }

    /// <summary>What the Dockerfile builds on.</summary>
    public ImageReference? From { get; init; }
    public string Runtime { get; init; } = "";

    /// <summary>The runtime whose handlers are to become applications (<see cref="Buildpacks.Scaffold"/>); null: none.</summary>
    public string? Scaffold { get; init; }

    /// <summary>Whether a later step installs dependencies: it finds an empty directory for them beside the source.</summary>
    public bool Dependencies { get; init; }

    public static bool TryParse(IReadOnlyList<string> arguments, [NotNullWhen(true)] out FetchArguments? parsed)
    {
        parsed = null;
        var names = arguments.Where(a => !a.StartsWith("--", StringComparison.Ordinal)).ToList();
        var options = arguments.Where(a => a.StartsWith("--", StringComparison.Ordinal)).Select(a => a.Split('=', 2)).ToList();
        if (names.Count != 2 || options.Exists(o => o.Length != 2) || options.DistinctBy(o => o[0]).Count() != options.Count || !ImageReference.TryParse(names[0], out var bundle) || bundle.Digest is null)
            return false;
        var values = options.ToDictionary(o => o[0], o => o[1], StringComparer.Ordinal);
        if (values.Keys.Any(k => k is not (TlsVerify or "--dockerfile" or "--from" or "--runtime" or "--dependencies" or "--scaffold")))
            return false;
        var dockerfile = values.GetValueOrDefault("--dockerfile");
        ImageReference? from = null;
        if (dockerfile is not null && (!ImageReference.TryParse(values.GetValueOrDefault("--from"), out from) || from.Digest is null || Path.GetDirectoryName(dockerfile) != Path.GetDirectoryName(names[1])))
            return false;
        parsed = new FetchArguments
        {
            Bundle = bundle,
            Directory = names[1],
            PlainHttp = values.GetValueOrDefault(TlsVerify) == "false",
            Dockerfile = dockerfile,
            From = from,
            Runtime = values.GetValueOrDefault("--runtime") ?? "",
            Scaffold = values.GetValueOrDefault("--scaffold"),
            Dependencies = values.GetValueOrDefault("--dependencies") is { Length: > 0 },
        };
        return true;
    }
}
