using System.Globalization;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>Timestamps as text: <c>2026-11-24T20:30:00Z</c>, with up to nine fraction digits and <c>Z</c> or an offset such as <c>+01:00</c>.</summary>
internal static class Rfc3339
{
    private const int DateTimeLength = 19;

    public static CelValue Parse(string text)
    {
        if (text.Length < DateTimeLength + 1 || text.Length > 64) return Invalid(text);
        if (!DateTime.TryParseExact(text.AsSpan(0, DateTimeLength), "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)) return Invalid(text);
        var rest = text.AsSpan(DateTimeLength);
        if (!TakeFraction(ref rest, out var nanos) || !TryOffset(rest, out var offset)) return Invalid(text);
        var seconds = ((time.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond) - offset;
        return CelTimestamp.TryCreate(seconds, nanos) ?? (CelValue)Invalid(text);
    }

    private static CelError Invalid(string text) => new($"'{Display.Cut(text)}' is not a timestamp of the years 1 to 9999", () => "timestamps are written as in RFC 3339: 2026-11-24T20:30:00Z");

    private static bool TakeFraction(ref ReadOnlySpan<char> rest, out int nanos)
    {
        nanos = 0;
        if (rest[0] != '.') return true;
        rest = rest[1..];
        var digits = rest.IndexOfAnyExceptInRange('0', '9');
        if (digits <= 0) return false;
        for (var i = 0; i < 9; i++) nanos = (nanos * 10) + (i < digits ? rest[i] - '0' : 0);
        rest = rest[digits..];
        return true;
    }

    private static bool TryOffset(ReadOnlySpan<char> text, out int seconds)
    {
        seconds = 0;
        if (text is "Z") return true;
        if (text.Length != 6 || text[0] is not ('+' or '-') || text[3] != ':') return false;
        if (!int.TryParse(text[1..3], NumberStyles.None, CultureInfo.InvariantCulture, out var hours) || hours > 23) return false;
        if (!int.TryParse(text[4..], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) || minutes > 59) return false;
        seconds = ((hours * 60) + minutes) * 60 * (text[0] == '-' ? -1 : 1);
        return true;
    }
}
