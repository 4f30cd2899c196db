using System.Globalization;
using System.Numerics;

namespace Kublambda.Cel.Functions;

/// <summary>A Kubernetes quantity such as <c>500m</c>, <c>1.5Gi</c> or <c>2e3</c>, exact to a billionth as Kubernetes keeps it.</summary>
internal sealed class Quantity : CelOpaque
{
    private const int NanoDigits = 9;
    private const int MaxExponent = 100;
    private const int MaxLength = 100;
    private static readonly BigInteger Nano = BigInteger.Pow(10, NanoDigits);

    private readonly BigInteger _nanos;
    private readonly string? _written;

    public Quantity(BigInteger nanos, string? written = null)
    {
        _nanos = nanos;
        _written = written;
    }

    public override string TypeName => "kubernetes.Quantity";

    public BigInteger Nanos => _nanos;

    public int Sign => _nanos.Sign;

    public bool IsWhole => _nanos % Nano == 0;

    /// <summary>Null when it is no whole number of 64 bits.</summary>
    public long? AsInteger => IsWhole && _nanos / Nano is var whole && whole >= long.MinValue && whole <= long.MaxValue ? (long)whole : null;

    public double AsDouble => (double)_nanos / (double)Nano;

    public override string Text => _written ?? (IsWhole ? (_nanos / Nano).ToString(CultureInfo.InvariantCulture) : _nanos.ToString(CultureInfo.InvariantCulture) + "n");

    public static Quantity OfWhole(long value) => new(value * Nano);

    public override bool SameAs(CelOpaque other) => other is Quantity quantity && quantity._nanos == _nanos;

    public override int Hash() => _nanos.GetHashCode();

    /// <summary>Null when the text is no quantity.</summary>
    public static Quantity? Parse(string text)
    {
        if (text.Length is 0 or > MaxLength) return null;
        var at = text[0] is '+' or '-' ? 1 : 0;
        var end = at;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.')) end++;
        var parts = text[at..end].Split('.');
        if (parts.Length > 2 || parts.All(part => part.Length == 0)) return null;
        if (Scale(text[end..]) is not { } scale) return null;
        var fraction = parts.Length == 2 ? parts[1] : "";
        var digits = BigInteger.Parse("0" + parts[0] + fraction, NumberStyles.None, CultureInfo.InvariantCulture) * scale.Numerator * Nano;
        var divisor = scale.Denominator * BigInteger.Pow(10, fraction.Length);
        var nanos = BigInteger.DivRem(digits, divisor, out var rest);

        // Kubernetes rounds away from zero.
        if (rest > 0) nanos++;
        return new Quantity(text[0] == '-' ? -nanos : nanos, text);
    }

    private static (BigInteger Numerator, BigInteger Denominator)? Scale(string suffix)
    {
        if (suffix.Length > 1 && suffix[0] is 'e' or 'E' && suffix != "Ei")
        {
            return int.TryParse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent) && exponent is >= -MaxExponent and <= MaxExponent
                ? Decimal(exponent)
                : null;
        }

        return suffix switch
        {
            "n" => Decimal(-9),
            "u" => Decimal(-6),
            "m" => Decimal(-3),
            "" => Decimal(0),
            "k" => Decimal(3),
            "M" => Decimal(6),
            "G" => Decimal(9),
            "T" => Decimal(12),
            "P" => Decimal(15),
            "E" => Decimal(18),
            "Ki" => Binary(10),
            "Mi" => Binary(20),
            "Gi" => Binary(30),
            "Ti" => Binary(40),
            "Pi" => Binary(50),
            "Ei" => Binary(60),
            _ => null,
        };
    }

    private static (BigInteger Numerator, BigInteger Denominator)? Decimal(int exponent) =>
        exponent >= 0 ? (BigInteger.Pow(10, exponent), BigInteger.One) : (BigInteger.One, BigInteger.Pow(10, -exponent));

    private static (BigInteger Numerator, BigInteger Denominator)? Binary(int exponent) => (BigInteger.One << exponent, BigInteger.One);
}
