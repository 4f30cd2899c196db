using Kublambda.Contracts;

namespace Kublambda.Builder.Sources;

/// <summary>The files of a source, of which no two can land in one place. What is stated is bounded here, what is read in <see cref="Bundle"/>.</summary>
public sealed class SourceTree
{
    private readonly SortedDictionary<string, SourceEntry> _files = new(StringComparer.Ordinal);
    private readonly HashSet<string> _directories = new(StringComparer.Ordinal);
    private long _stated;

    /// <summary>The files by path, in the order of their UTF-16 code units: the same on every machine.</summary>
    public IReadOnlyCollection<SourceEntry> Files => _files.Values;

    /// <summary>The paths, in the same order.</summary>
    public IReadOnlyCollection<string> Paths => _files.Keys;

    /// <exception cref="SourceRefusedException">The source as a whole is refused.</exception>
    public void Add(SourceEntry file)
    {
        var path = SourcePath.Check(file.Path);
        if (_files.Count == Limits.SourceFiles)
            throw new SourceRefusedException($"The source has more than {Limits.SourceFiles} files. Leave out what the function does not need.");
        _stated += file.Length;
        if (_stated > Limits.SourceBytes)
            throw TooLarge();
        // Names that differ in case or Unicode form only are two files wherever a function runs, and packages do have them.
        if (_files.ContainsKey(path))
            throw new SourceRefusedException($"The source has the path \"{SourcePath.Show(path)}\" twice. Which one counts would be chance: keep one.");
        if (_directories.Contains(path))
            throw FileAndDirectory(path);
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            var directory = path[..slash];
            if (_files.ContainsKey(directory))
                throw FileAndDirectory(directory);
            _directories.Add(directory);
        }

        _files.Add(path, file with { Path = path });
    }

    internal static SourceRefusedException TooLarge() =>
        new($"The source unpacks to more than {Limits.SourceBytes / (1024 * 1024)} MiB. Leave out what the function does not need.");

    private static SourceRefusedException FileAndDirectory(string path) =>
        new($"In the source \"{SourcePath.Show(path)}\" is a file and a directory at once: keep one of them.");
}
