using System.Globalization;
using System.Text;

namespace Kublambda.Builder.Sources;

/// <summary>
/// One header block of a tar (POSIX.1-1988 ustar, GNU). Read here and not by <c>System.Formats.Tar</c>, which sets aside as much memory
/// for a long name or an extended header as the archive says that it has.
/// </summary>
internal readonly struct TarHeader
{
    public const int Block = 512;

    private TarHeader(string name, string link, char type, long size, bool executable) =>
        (Name, Link, Type, Size, Executable) = (name, link, type, size, executable);

    public string Name { get; }
    public string Link { get; }
    public char Type { get; }

    /// <summary>Bytes of content that follow.</summary>
    public long Size { get; }
    public bool Executable { get; }

    /// <returns>Null for the block of zeros that ends an archive.</returns>
    /// <exception cref="InvalidDataException">It is no header.</exception>
    public static TarHeader? Parse(ReadOnlySpan<byte> block)
    {
        if (block.IndexOfAnyExcept((byte)0) < 0)
            return null;
        long unsigned = 0, signed = 0;
        for (var i = 0; i < Block; i++)
        {
            var b = i is >= 148 and < 156 ? (byte)' ' : block[i];
            unsigned += b;
            signed += (sbyte)b;
        }

        var stated = Number(block.Slice(148, 8));
        if (stated != unsigned && stated != signed)
            throw new InvalidDataException("the checksum of a header is wrong");

        var name = Text(block[..100]);
        // "ustar\0" is POSIX, whose prefix goes before the name; "ustar " is GNU, which keeps other things there.
        if (block.Slice(257, 6).SequenceEqual("ustar\0"u8) && Text(block.Slice(345, 155)) is { Length: > 0 } prefix)
            name = $"{prefix}/{name}";
        return new TarHeader(name, Text(block.Slice(157, 100)), (char)block[156], Number(block.Slice(124, 12)), (Number(block.Slice(100, 8)) & 0b001_001_001) != 0);
    }

    public static string Text(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }

    // Octal digits, or base 256 where the first bit is set (GNU, for what eight octal digits cannot say).
    private static long Number(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
        {
            long value = field[0] & 0x7F;
            foreach (var b in field[1..])
            {
                if (value > long.MaxValue >> 8)
                    throw new InvalidDataException("a number in a header is too large");
                value = (value << 8) | b;
            }

            return value;
        }

        long octal = 0;
        foreach (var c in Text(field).Trim(' '))
        {
            if (c is < '0' or > '7' || octal > long.MaxValue >> 3)
                throw new InvalidDataException($"\"{SourcePath.Show(Text(field))}\" in a header is no number");
            octal = (octal << 3) | (uint)(c - '0');
        }

        return octal;
    }

    /// <summary>The records of an extended header (POSIX.1-2001 pax): <c>length key=value\n</c>.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static Dictionary<string, string> Records(ReadOnlySpan<byte> content)
    {
        var records = new Dictionary<string, string>(StringComparer.Ordinal);
        while (content.Length > 0 && content[0] != 0)
        {
            var space = content.IndexOf((byte)' ');
            if (space is < 1 or > 9 || !int.TryParse(content[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                || length <= space || length > content.Length || content[length - 1] != '\n')
                throw new InvalidDataException("an extended header is damaged");
            var record = content[(space + 1)..(length - 1)];
            var equal = record.IndexOf((byte)'=');
            if (equal < 1)
                throw new InvalidDataException("an extended header is damaged");
            records[Encoding.UTF8.GetString(record[..equal])] = Encoding.UTF8.GetString(record[(equal + 1)..]);
            content = content[length..];
        }

        return records;
    }
}
