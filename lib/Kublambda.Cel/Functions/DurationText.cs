using System.Globalization;
using System.Numerics;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>Durations as text: a sign, then decimal numbers each with a unit, such as <c>1h30m</c>, <c>-1.5s</c>, <c>300ms</c>.</summary>
internal static class DurationText
{
    public static CelValue Parse(string text)
    {
        var rest = text.AsSpan();
        var negative = rest.StartsWith("-");
        if (rest.StartsWith("-") || rest.StartsWith("+")) rest = rest[1..];
        if (rest is "0") return new CelDuration(0);
        if (rest.IsEmpty || text.Length > 100) return Invalid(text);
        BigInteger total = 0;
        while (!rest.IsEmpty)
        {
            var digits = NumberLength(rest);
            if (digits <= 0 || !TakeUnit(rest[digits..], out var unit, out var width)) return Invalid(text);
            if (!TryScale(rest[..digits], unit, out var amount)) return Invalid(text);
            total += amount;
            rest = rest[(digits + width)..];
        }

        if (negative) total = -total;
        return total >= long.MinValue && total <= long.MaxValue ? new CelDuration((long)total) : new CelError($"the duration '{Display.Cut(text)}' is longer than 292 years");
    }

    private static CelError Invalid(string text) => new($"'{Display.Cut(text)}' is not a duration", () => "durations are written 1h30m, 10s, 1.5s, 300ms");

    private static int NumberLength(ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && (char.IsAsciiDigit(text[length]) || text[length] == '.')) length++;
        return length;
    }

    private static bool TakeUnit(ReadOnlySpan<char> text, out long nanoseconds, out int width)
    {
        (nanoseconds, width) = text switch
        {
            ['n', 's', ..] => (1L, 2),
            ['u', 's', ..] or ['\u00B5', 's', ..] or ['\u03BC', 's', ..] => (1_000L, 2),
            ['m', 's', ..] => (1_000_000L, 2),
            ['s', ..] => (1_000_000_000L, 1),
            ['m', ..] => (60_000_000_000L, 1),
            ['h', ..] => (3_600_000_000_000L, 1),
            _ => (0L, 0),
        };
        return width > 0;
    }

    private static bool TryScale(ReadOnlySpan<char> number, long unit, out BigInteger nanoseconds)
    {
        nanoseconds = 0;
        var point = number.IndexOf('.');
        var whole = point < 0 ? number : number[..point];
        var fraction = point < 0 ? [] : number[(point + 1)..];
        if (whole.IsEmpty && fraction.IsEmpty) return false;
        if (fraction.Contains('.')) return false;
        BigInteger value = 0;
        if (!whole.IsEmpty && !BigInteger.TryParse(whole, NumberStyles.None, CultureInfo.InvariantCulture, out value)) return false;
        nanoseconds = value * unit;
        if (fraction.IsEmpty) return true;
        if (!BigInteger.TryParse(fraction, NumberStyles.None, CultureInfo.InvariantCulture, out var parts)) return false;
        nanoseconds += parts * unit / BigInteger.Pow(10, fraction.Length);
        return true;
    }
}
