using System.Globalization;
using Kublambda.Contracts;

namespace Kublambda.Builder.Sources;

/// <summary>Reads a tar, unpacked already, from a stream that cannot go back. The files' content is kept in one temporary file.</summary>
/// <param name="tar">The tar.</param>
/// <param name="scratch">The temporary file.</param>
/// <param name="below">Which part of it is the source.</param>
/// <param name="refusePointers">Refuses files of which Git LFS has the content.</param>
internal sealed class TarSourceReader(BoundedStream tar, FileStream scratch, SourceDirectory below, bool refusePointers)
{
    /// <summary>Bytes of one long name or extended header. Those of real archives have some hundreds.</summary>
    private const int MaxExtension = 256 * 1024;

    /// <summary>A pointer of Git LFS has fewer bytes than this, by its specification.</summary>
    private const int MaxPointer = 1024;

    private readonly SourceTree _tree = new();
    private readonly byte[] _buffer = new byte[81_920];
    private long _written;
    private int _entries;

    /// <returns>The files, to be read while <c>scratch</c> is open.</returns>
    /// <exception cref="SourceRefusedException">An entry is not allowed, or the archive damaged; all of it is refused.</exception>
    public async Task<SourceTree> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ReadEntriesAsync(cancellationToken);
            await scratch.FlushAsync(cancellationToken);
            return _tree;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new SourceRefusedException($"The source is no readable tar.gz archive: {e.Message.TrimEnd('.')}. Pack it again, for example with \"tar -czf source.tar.gz .\".");
        }
    }

    private async Task ReadEntriesAsync(CancellationToken cancellationToken)
    {
        string? longName = null, longLink = null;
        Dictionary<string, string>? extended = null;
        while (await NextAsync(cancellationToken) is { } header)
        {
            // Every entry counts, also directories and extensions: an archive of a million of them is a bomb too.
            if (++_entries > 4 * Limits.SourceFiles)
                throw new SourceRefusedException($"The archive has more than {4 * Limits.SourceFiles} entries. Leave out what the function does not need.");
            switch (header.Type)
            {
                case 'L':
                    longName = TarHeader.Text(await ExtensionAsync(header.Size, cancellationToken));
                    continue;
                case 'K':
                    longLink = TarHeader.Text(await ExtensionAsync(header.Size, cancellationToken));
                    continue;
                case 'x':
                    extended = TarHeader.Records(await ExtensionAsync(header.Size, cancellationToken));
                    continue;
                case 'g': // for all that follow; git puts the commit there
                    TarHeader.Records(await ExtensionAsync(header.Size, cancellationToken));
                    continue;
            }

            var name = extended?.GetValueOrDefault("path") ?? longName ?? header.Name;
            var link = extended?.GetValueOrDefault("linkpath") ?? longLink ?? header.Link;
            var size = extended?.GetValueOrDefault("size") is { } text
                ? long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new InvalidDataException("the size in an extended header is no number")
                : header.Size;
            if (header.Type == 'S' || extended?.Keys.Any(k => k.StartsWith("GNU.sparse", StringComparison.Ordinal)) == true)
                throw new SourceRefusedException($"The archive's entry \"{SourcePath.Show(name)}\" is a sparse file. Pack the archive without \"--sparse\".");
            (longName, longLink, extended) = (null, null, null);
            await TakeAsync(header, name, link, size, cancellationToken);
        }
    }

    private async Task TakeAsync(TarHeader header, string name, string link, long size, CancellationToken cancellationToken)
    {
        switch (header.Type)
        {
            case '5' or '\0' or '0' when header.Type == '5' || name.EndsWith('/'):
                // The archive of "." begins with "./" itself.
                if (name.TrimEnd('/') is not ("." or "") || name.StartsWith('/'))
                    SourcePath.Check(name.TrimEnd('/') is { Length: > 0 } directory ? directory : name);
                await SkipAsync(Padded(size), cancellationToken);
                return;
            case '\0' or '0' or '7':
                SourcePath.Check(name);
                await FileAsync(name, header.Executable, size, cancellationToken);
                return;
            case '1' or '2':
                SourcePath.Check(name);
                await SkipAsync(Padded(size), cancellationToken);
                AddLink(name, link, hard: header.Type == '1');
                return;
            case '3' or '4' or '6':
                throw new SourceRefusedException($"The archive's entry \"{SourcePath.Show(name)}\" is a device, pipe or socket: only files and directories are allowed.");
            default:
                throw new SourceRefusedException($"The archive's entry \"{SourcePath.Show(name)}\" is of the unknown type '{SourcePath.Show(header.Type.ToString())}': only files and directories are allowed.");
        }
    }

    private void AddLink(string name, string link, bool hard)
    {
        if (below.Within(name) is not { } path)
            return;
        if (!hard)
        {
            _tree.AddLink(path, link, hard: false);
            return;
        }

        // A hard link names its target from the root of the archive.
        var target = SourceLinks.Hard(name, link);
        _tree.AddLink(path, below.Within(target) ?? throw new SourceRefusedException($"The hard link \"{SourcePath.Show(name)}\" in the source leads to \"{SourcePath.Show(link)}\", out of the source. Pack the files themselves in its place."), hard: true);
    }

    private async Task FileAsync(string name, bool executable, long size, CancellationToken cancellationToken)
    {
        if (size > Limits.SourceBytes)
            throw SourceTree.TooLarge();
        if (below.Within(name) is not { } path)
        {
            await SkipAsync(Padded(size), cancellationToken);
            return;
        }

        var begin = _written;
        _tree.Add(new SourceEntry(path, executable, size, () => new FileSlice(scratch, begin, size)));
        for (var left = size; left > 0;)
        {
            var read = await tar.ReadAsync(_buffer.AsMemory(0, (int)Math.Min(left, _buffer.Length)), cancellationToken);
            if (read == 0)
                throw new EndOfStreamException("it ends in the middle of a file");
            if (refusePointers && left == size && size < MaxPointer && _buffer.AsSpan(0, read).StartsWith("version https://git-lfs.github.com/spec/"u8))
                throw new SourceRefusedException($"The file \"{SourcePath.Show(name)}\" of the git repository is a pointer of Git LFS, and what it points to is not fetched. Put the file itself into the repository, or let spec.source.git.subPath name a directory without it.");
            await scratch.WriteAsync(_buffer.AsMemory(0, read), cancellationToken);
            left -= read;
        }

        _written += size;
        await SkipAsync(Padded(size) - size, cancellationToken);
    }

    private async Task<TarHeader?> NextAsync(CancellationToken cancellationToken)
    {
        var read = await tar.ReadAtLeastAsync(_buffer.AsMemory(0, TarHeader.Block), TarHeader.Block, throwOnEndOfStream: false, cancellationToken);
        // Without the two blocks of zeros at its end: as old tars write them.
        if (read == 0 && _entries > 0)
            return null;
        return read == TarHeader.Block ? TarHeader.Parse(_buffer.AsSpan(0, TarHeader.Block)) : throw new EndOfStreamException("it ends in the middle of a header");
    }

    private async Task<byte[]> ExtensionAsync(long size, CancellationToken cancellationToken)
    {
        if (size > MaxExtension)
            throw new SourceRefusedException($"The archive has a header of {size} bytes; {MaxExtension} are allowed.");
        var content = new byte[Padded(size)];
        await tar.ReadExactlyAsync(content, cancellationToken);
        return content[..(int)size];
    }

    private async Task SkipAsync(long bytes, CancellationToken cancellationToken)
    {
        for (var left = bytes; left > 0;)
        {
            var read = await tar.ReadAsync(_buffer.AsMemory(0, (int)Math.Min(left, _buffer.Length)), cancellationToken);
            if (read == 0)
                throw new EndOfStreamException("it ends too early");
            left -= read;
        }
    }

    private static long Padded(long size) => checked(size + TarHeader.Block - 1) / TarHeader.Block * TarHeader.Block;
}
