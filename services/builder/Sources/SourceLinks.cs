using Kublambda.Contracts;

namespace Kublambda.Builder.Sources;

/// <summary>
/// Links of a source. One to a file of the source becomes a copy of that file, so that what runs never holds a link; one that
/// leads out of the source, to a directory or to nothing refuses the whole source.
/// </summary>
internal static class SourceLinks
{
    /// <summary>Links to links to links: more than this is a loop.</summary>
    private const int MaxHops = 8;

    /// <summary>Bytes of a target: PATH_MAX of Linux.</summary>
    public const int MaxTarget = 4096;

    /// <summary>The path in the source that a symbolic link at <paramref name="path"/> leads to.</summary>
    /// <exception cref="SourceRefusedException">It leads out of the source.</exception>
    public static string Symbolic(string path, string target)
    {
        if (target.Length == 0 || target.Any(char.IsControl))
            throw Refuse("symbolic", path, "has no readable target");
        if (target[0] == '/' || target.Contains('\\', StringComparison.Ordinal) || (target.Length > 1 && target[1] == ':'))
            throw Refuse("symbolic", path, $"leads to the absolute path \"{SourcePath.Show(target)}\", out of the source");
        var slash = path.LastIndexOf('/');
        var parts = slash < 0 ? [] : path[..slash].Split('/').ToList();
        foreach (var part in target.Split('/'))
        {
            if (part is "" or ".")
                continue;
            if (part != "..")
                parts.Add(part);
            else if (parts.Count > 0)
                parts.RemoveAt(parts.Count - 1);
            else
                throw Refuse("symbolic", path, $"leads to \"{SourcePath.Show(target)}\", out of the source");
        }

        return string.Join('/', parts);
    }

    /// <summary>The path in the source that a hard link at <paramref name="path"/> leads to.</summary>
    /// <exception cref="SourceRefusedException">It leads out of the source.</exception>
    public static string Hard(string path, string target)
    {
        try
        {
            return SourcePath.Check(target);
        }
        catch (SourceRefusedException)
        {
            throw Refuse("hard", path, $"leads to \"{SourcePath.Show(target)}\", out of the source");
        }
    }

    /// <summary>The file that a link ends at.</summary>
    /// <exception cref="SourceRefusedException">There is none.</exception>
    public static SourceEntry Follow(string path, IReadOnlyDictionary<string, string> links, IReadOnlyDictionary<string, SourceEntry> files, IReadOnlySet<string> directories)
    {
        var at = path;
        for (var hop = 0; links.TryGetValue(at, out var next); hop++)
        {
            if (hop == MaxHops)
                throw Refuse("symbolic", path, "leads in a circle");
            at = next;
        }

        if (files.TryGetValue(at, out var file))
            return file;
        throw Refuse("symbolic", path, directories.Contains(at) || at.Length == 0
            ? $"leads to the directory \"{SourcePath.Show(at)}\"; only links to files are taken, as copies of them"
            : $"leads to \"{SourcePath.Show(at)}\", which is not in the source");
    }

    private static SourceRefusedException Refuse(string kind, string path, string why) =>
        new($"The {kind} link \"{SourcePath.Show(path)}\" in the source {why}. Pack the files themselves in its place.", Reasons.SourceInvalid);
}
