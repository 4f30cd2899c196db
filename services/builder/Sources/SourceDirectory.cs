using Kublambda.Contracts;

namespace Kublambda.Builder.Sources;

/// <summary>The part of an archive or repository that is the source: all of it, or what <c>subPath</c> names.</summary>
public sealed class SourceDirectory
{
    private readonly string _prefix;

    private SourceDirectory(string prefix) => _prefix = prefix;

    /// <summary>All of it.</summary>
    public static SourceDirectory Root { get; } = new("");

    /// <exception cref="SourceRefusedException">It is no path inside a source.</exception>
    public static SourceDirectory Of(string? subPath) =>
        subPath?.Trim('/') is not { Length: > 0 } path || path == "." ? Root : new SourceDirectory(SourcePath.Check(path) + "/");

    /// <summary>Without a slash at its end; empty for the root.</summary>
    public string Path => _prefix.TrimEnd('/');

    /// <summary>The path of a file inside the source; null where it lies outside.</summary>
    public string? Within(string path)
    {
        var relative = path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
        return relative.StartsWith(_prefix, StringComparison.Ordinal) ? relative[_prefix.Length..] : null;
    }

    /// <exception cref="SourceRefusedException">Nothing lies in it.</exception>
    public void Require(SourceTree tree)
    {
        if (_prefix.Length > 0 && tree.Files.Count == 0)
            throw new SourceRefusedException($"The source has no file below \"{SourcePath.Show(Path)}\": let subPath name a directory that is there.", Reasons.SourceInvalid);
    }
}
