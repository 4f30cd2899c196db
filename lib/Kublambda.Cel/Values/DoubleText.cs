using System.Globalization;
using System.Numerics;
using System.Text;

namespace Kublambda.Cel.Values;

/// <summary>Doubles as text, digit for digit as the reference implementation writes them.</summary>
internal static class DoubleText
{
    /// <summary>What <c>string(double)</c> gives: the shortest text that reads back as the same number, with an exponent below 10^-4 and from 10^6 on.</summary>
    public static string General(double value)
    {
        if (double.IsNaN(value)) return "NaN";
        if (double.IsInfinity(value)) return value > 0 ? "+Inf" : "-Inf";
        var (digits, exponent) = Shortest(value);
        var text = exponent is < -4 or >= 6 ? Scientific(digits, exponent) : Plain(digits, exponent);
        return double.IsNegative(value) ? "-" + text : text;
    }

    /// <summary>What <c>%s</c> and <c>%d</c> of <c>format()</c> give: the shortest text, never with an exponent.</summary>
    public static string Decimal(double value)
    {
        if (Special(value) is { } special) return special;
        var (digits, exponent) = Shortest(value);
        return (double.IsNegative(value) ? "-" : "") + Plain(digits, exponent);
    }

    /// <summary>Exactly <paramref name="precision"/> digits after the point, halves to even, from the exact binary value.</summary>
    public static string Fixed(double value, int precision)
    {
        if (Special(value) is { } special) return special;
        var digits = Rounded(Math.Abs(value), precision).ToString(CultureInfo.InvariantCulture).PadLeft(precision + 1, '0');
        var text = precision == 0 ? digits : digits[..^precision] + "." + digits[^precision..];
        return double.IsNegative(value) ? "-" + text : text;
    }

    /// <summary>One digit, <paramref name="precision"/> digits after the point, an exponent of at least two.</summary>
    public static string Exponent(double value, int precision)
    {
        if (Special(value) is { } special) return special;
        var text = value.ToString("e" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var at = text.IndexOf('e', StringComparison.Ordinal);
        return text[..(at + 2)] + text[(at + 2)..].TrimStart('0').PadLeft(2, '0');
    }

    private static string? Special(double value)
    {
        if (double.IsNaN(value)) return "NaN";
        return double.IsInfinity(value) ? value > 0 ? "Infinity" : "-Infinity" : null;
    }

    /// <summary>Digits d1d2d3... and the exponent e of d1.d2d3... x 10^e.</summary>
    private static (string Digits, int Exponent) Shortest(double value)
    {
        var parts = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture).Split('E');
        var point = parts[0].IndexOf('.', StringComparison.Ordinal);
        var all = parts[0].Replace(".", "", StringComparison.Ordinal);
        var digits = all.TrimStart('0');
        if (digits.Length == 0) return ("0", 0);
        var exponent = (point < 0 ? all.Length : point) - 1 - (all.Length - digits.Length);
        if (parts.Length > 1) exponent += int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return (digits.TrimEnd('0'), exponent);
    }

    private static string Scientific(string digits, int exponent)
    {
        var text = new StringBuilder(digits[..1]);
        if (digits.Length > 1) text.Append('.').Append(digits, 1, digits.Length - 1);
        return text.Append(exponent < 0 ? "e-" : "e+").Append(Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)).ToString();
    }

    private static string Plain(string digits, int exponent)
    {
        if (exponent < 0) return "0." + new string('0', -exponent - 1) + digits;
        return exponent + 1 >= digits.Length ? digits.PadRight(exponent + 1, '0') : digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    private static BigInteger Rounded(double magnitude, int precision)
    {
        var bits = BitConverter.DoubleToInt64Bits(magnitude);
        var exponent = (int)((bits >> 52) & 0x7FF);
        var mantissa = (bits & 0xFFFFFFFFFFFFF) | (exponent == 0 ? 0 : 1L << 52);
        var power = Math.Max(exponent, 1) - 1075;
        var scaled = mantissa * BigInteger.Pow(10, precision);
        if (power >= 0) return scaled << power;
        var quotient = BigInteger.DivRem(scaled, BigInteger.One << -power, out var rest);
        var half = BigInteger.One << (-power - 1);
        return rest > half || (rest == half && !quotient.IsEven) ? quotient + 1 : quotient;
    }
}
