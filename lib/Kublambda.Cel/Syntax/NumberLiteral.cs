using System.Globalization;

namespace Kublambda.Cel.Syntax;

internal static class NumberLiteral
{
    public static CelDouble Double(SourceText source, string text, int position)
    {
        var value = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsFinite(value) ? new CelDouble(value) : throw source.SyntaxError($"{text} does not fit a double", position);
    }

    /// <summary>An int or uint; the sign is read here because -9223372036854775808 fits where 9223372036854775808 does not.</summary>
    public static CelValue Integer(SourceText source, Token token, bool negative)
    {
        var text = token.Text;
        var unsigned = text[^1] is 'u' or 'U';
        var digits = unsigned ? text[..^1] : text;
        var hex = digits.StartsWith("0x", StringComparison.Ordinal);
        var parsed = hex
            ? ulong.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var magnitude)
            : ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out magnitude);
        if (unsigned)
        {
            if (negative) throw source.SyntaxError($"-{text}: a uint has no sign", token.Position);
            return parsed ? new CelUint(magnitude) : throw source.SyntaxError($"{text} does not fit 64 bits", token.Position);
        }

        var limit = negative ? 1UL << 63 : long.MaxValue;
        if (!parsed || magnitude > limit)
            throw source.SyntaxError($"{(negative ? "-" : "")}{text} does not fit a 64-bit int", token.Position, "write it as a double (1e20) or, up to 18446744073709551615, as a uint (5u)");
        return new CelInt(negative ? unchecked(-(long)magnitude) : (long)magnitude);
    }
}
