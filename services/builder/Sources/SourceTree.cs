using Kublambda.Contracts;

namespace Kublambda.Builder.Sources;

/// <summary>The files of a source, of which no two can land in one place. What is stated is bounded here, what is read in <see cref="Bundle"/>.</summary>
public sealed class SourceTree
{
    private readonly SortedDictionary<string, SourceEntry> _files = new(StringComparer.Ordinal);
    private readonly HashSet<string> _directories = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _links = new(StringComparer.Ordinal);
    private long _stated;

    /// <summary>The files by path, in the order of their UTF-16 code units: the same on every machine.</summary>
    public IReadOnlyCollection<SourceEntry> Files => _files.Values;

    /// <summary>The paths, in the same order.</summary>
    public IReadOnlyCollection<string> Paths => _files.Keys;

    /// <exception cref="SourceRefusedException">The source as a whole is refused.</exception>
    public void Add(SourceEntry file)
    {
        var path = Place(file.Path);
        Count(file.Length);
        _files.Add(path, file with { Path = path });
    }

    /// <summary>Adds a link to a file, which may come later; it becomes a copy of it in <see cref="ResolveLinks"/>.</summary>
    /// <exception cref="SourceRefusedException">The link leads out of the source, or its path is not allowed.</exception>
    public void AddLink(string path, string target, bool hard)
    {
        var at = Place(path);
        _links.Add(at, hard ? SourceLinks.Hard(at, target) : SourceLinks.Symbolic(at, target));
    }

    /// <summary>Puts copies in the place of all links. Has to be called when everything is added.</summary>
    /// <exception cref="SourceRefusedException">A link leads to no file of the source.</exception>
    public void ResolveLinks()
    {
        foreach (var (path, file) in _links.Keys.Select(p => (p, SourceLinks.Follow(p, _links, _files, _directories))).ToList())
        {
            Count(file.Length);
            _files.Add(path, file with { Path = path });
        }

        _links.Clear();
    }

    private string Place(string stated)
    {
        var path = SourcePath.Check(stated);
        if (_files.Count + _links.Count == Limits.SourceFiles)
            throw new SourceRefusedException($"The source has more than {Limits.SourceFiles} files. Leave out what the function does not need.");
        // Names that differ in case or Unicode form only are two files wherever a function runs, and packages do have them.
        if (IsTaken(path))
            throw new SourceRefusedException($"The source has the path \"{SourcePath.Show(path)}\" twice. Which one counts would be chance: keep one.");
        if (_directories.Contains(path))
            throw FileAndDirectory(path);
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            var directory = path[..slash];
            if (IsTaken(directory))
                throw FileAndDirectory(directory);
            _directories.Add(directory);
        }

        return path;
    }

    private bool IsTaken(string path) => _files.ContainsKey(path) || _links.ContainsKey(path);

    private void Count(long length)
    {
        _stated += length;
        if (_stated > Limits.SourceBytes)
            throw TooLarge();
    }

    internal static SourceRefusedException TooLarge() =>
        new($"The source unpacks to more than {Limits.SourceBytes / (1024 * 1024)} MiB. Leave out what the function does not need.");

    private static SourceRefusedException FileAndDirectory(string path) =>
        new($"In the source \"{SourcePath.Show(path)}\" is a file and a directory at once: keep one of them.");
}
