using System.Diagnostics.CodeAnalysis;
using Kublambda.Registry;

namespace Kublambda.Builder.Appending;

/// <summary>The command line of <see cref="AppendCommand"/>.</summary>
public sealed record AppendArguments
{
    public const string Usage =
        "usage: append [--tls-verify=true|false] --base=IMAGE@DIGEST [--dependencies=HOST/REPOSITORY:TAG] [--layers=DIRECTORY] [--label=NAME=VALUE]... [--digest-file=FILE] <host/repository:tag>";

    private const string Label = "--label";
    private static readonly string[] Known = ["--tls-verify", "--base", "--dependencies", "--layers", "--digest-file"];

    public required ImageReference Target { get; init; }
    public required ImageReference Base { get; init; }
    public bool PlainHttp { get; init; }

    /// <summary>What <see cref="Fetching.StoreCommand"/> kept; null: nothing.</summary>
    public ImageReference? Dependencies { get; init; }

    /// <summary>An OCI image layout, whose layers come on top; null: none.</summary>
    public string? Layers { get; init; }
    public string? DigestFile { get; init; }
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public static bool TryParse(IReadOnlyList<string> arguments, [NotNullWhen(true)] out AppendArguments? parsed)
    {
        parsed = null;
        var names = arguments.Where(a => !a.StartsWith("--", StringComparison.Ordinal)).ToList();
        var options = arguments.Where(a => a.StartsWith("--", StringComparison.Ordinal)).Select(a => a.Split('=', 2)).ToList();
        var labels = options.Where(o => o[0] == Label).Select(o => o[^1].Split('=', 2)).ToList();
        options.RemoveAll(o => o[0] == Label);
        if (options.Exists(o => o.Length != 2 || !Known.Contains(o[0])) || options.DistinctBy(o => o[0]).Count() != options.Count || labels.Exists(l => l.Length != 2))
            return false;
        var values = options.ToDictionary(o => o[0], o => o[1], StringComparer.Ordinal);
        // A tag that ends in a hyphen is one whose name is empty: a source without dependencies.
        var kept = values.GetValueOrDefault("--dependencies") is { Length: > 0 } given && !given.EndsWith('-') ? given : null;
        ImageReference? dependencies = null;
        if (names is not [var target] || !ImageReference.TryParse(target, out var image) || image.Tag is null || !ImageReference.TryParse(values.GetValueOrDefault("--base"), out var below) || below.Digest is null
            || kept is not null && (!ImageReference.TryParse(kept, out dependencies) || dependencies.Tag is null || dependencies.Host != image.Host))
            return false;
        parsed = new AppendArguments
        {
            Target = image,
            Base = below,
            PlainHttp = values.GetValueOrDefault("--tls-verify") == "false",
            Dependencies = dependencies,
            Layers = values.GetValueOrDefault("--layers"),
            DigestFile = values.GetValueOrDefault("--digest-file"),
            Labels = labels.ToDictionary(l => l[0], l => l[1], StringComparer.Ordinal),
        };
        return true;
    }
}
