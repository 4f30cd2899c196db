using System.Text;
using Kublambda.Contracts;

namespace Kublambda.Builder.Sources;

/// <summary>
/// What a path inside a source may be: relative, with forward slashes, without steps upwards. Anything else refuses the
/// whole source, because what looks odd here was made to be written somewhere else ("zip slip").
/// </summary>
public static class SourcePath
{
    /// <summary>Returns <paramref name="path"/> without a leading <c>./</c>.</summary>
    /// <exception cref="SourceRefusedException">The path is not allowed; the message shows it and says why.</exception>
    public static string Check(string path)
    {
        if (path.Length == 0)
            throw Refuse(path, "it is empty");
        if (path.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029'))
            throw Refuse(path, "it holds a NUL or another control character");
        if (path.Contains('\uFFFD', StringComparison.Ordinal) || HasLoneSurrogate(path))
            throw Refuse(path, "it is not valid UTF-8; pack the archive with UTF-8 names");
        if (path.Contains('\\', StringComparison.Ordinal))
            throw Refuse(path, "it holds a backslash; use forward slashes");
        if (path[0] == '/')
            throw Refuse(path, "it is absolute; paths are relative to the root of the source");
        if (path.Length >= 2 && path[1] == ':' && char.IsAsciiLetter(path[0]))
            throw Refuse(path, "it starts with a drive letter; paths are relative to the root of the source");

        var relative = path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
        foreach (var segment in relative.Split('/'))
        {
            if (segment == "..")
                throw Refuse(path, "it leads upwards (\"..\"), out of the source");
            if (segment is "" or ".")
                throw Refuse(path, "it holds an empty or \".\" segment");
            if (Encoding.UTF8.GetByteCount(segment) > 255)
                throw Refuse(path, "one of its names is longer than the 255 bytes that file systems allow");
        }

        return relative.Length <= Limits.SourcePathLength
            ? relative
            : throw Refuse(path, $"it has {relative.Length} characters, {Limits.SourcePathLength} are allowed");
    }

    /// <summary>The path as it may stand in a message: cut, and without control characters.</summary>
    public static string Show(string path)
    {
        var cut = path.Length > 80 ? path[..80] + "..." : path;
        return string.Concat(cut.Select(c => char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' ? '?' : c));
    }

    private static bool HasLoneSurrogate(string path)
    {
        for (var i = 0; i < path.Length; i++)
        {
            if (!char.IsSurrogate(path[i]))
                continue;
            if (i + 1 >= path.Length || !char.IsSurrogatePair(path[i], path[i + 1]))
                return true;
            i++;
        }

        return false;
    }

    private static SourceRefusedException Refuse(string path, string why) => new($"The path \"{Show(path)}\" in the source is refused: {why}.");
}
