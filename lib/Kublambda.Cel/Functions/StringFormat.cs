using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using Kublambda.Cel.Evaluation;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary><c>'...'.format([...])</c> with the clauses %s %d %f %e %x %X %o %b and %%.</summary>
internal static class StringFormat
{
    private const int DefaultPrecision = 6;
    private const int MaxPrecision = 1_000;

    public static CelValue Apply(string format, CelList arguments, EvalContext context)
    {
        var result = new StringBuilder();
        var next = 0;
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] != '%')
            {
                result.Append(format[at]);
                continue;
            }

            if (++at < format.Length && format[at] == '%')
            {
                result.Append('%');
                continue;
            }

            if (!TryPrecision(format, ref at, out var precision)) return new CelError($"the precision in '{Display.Cut(format)}' is not a number up to {MaxPrecision}");
            if (at >= format.Length) return new CelError($"'{Display.Cut(format)}' ends within a clause", () => "a percent sign itself is written %%");
            if (next >= arguments.Count) return new CelError($"'{Display.Cut(format)}' needs more than the {arguments.Count} arguments it has");
            var clause = format[at];
            var text = Clause(clause, precision, arguments[next++], context);
            if (text is null) return new CelError($"%{clause} does not format {KindNames.Short(arguments[next - 1].Kind)}", () => "the clauses are %s %d %f %e %x %X %o %b");
            context.Budget.Charge(1 + (text.Length / 10));
            result.Append(text);
        }

        return new CelString(result.ToString());
    }

    private static bool TryPrecision(string format, ref int at, out int precision)
    {
        precision = DefaultPrecision;
        if (at >= format.Length || format[at] != '.') return true;
        var start = ++at;
        while (at < format.Length && char.IsAsciiDigit(format[at])) at++;
        return int.TryParse(format.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out precision) && precision <= MaxPrecision;
    }

    /// <summary>Null when the clause is unknown or does not fit the value.</summary>
    private static string? Clause(char clause, int precision, CelValue value, EvalContext context) => clause switch
    {
        's' => Text(value, context),
        'd' => value is CelDouble number ? DoubleText.Decimal(number.Value) : Whole(value)?.ToString(CultureInfo.InvariantCulture),
        'f' => AsDouble(value) is { } number ? DoubleText.Fixed(number, precision) : null,
        'e' => AsDouble(value) is { } number ? DoubleText.Exponent(number, precision) : null,
        'x' => Hex(value, context)?.ToLowerInvariant(),
        'X' => Hex(value, context),
        'o' => Radix(value, 8),
        'b' => value is CelBool flag ? (flag.Value ? "1" : "0") : Radix(value, 2),
        _ => null,
    };

    private static string? Text(CelValue value, EvalContext context)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        context.Budget.Charge(1);
        switch (value)
        {
            case CelNull:
                return "null";
            case CelBool flag:
                return flag.Value ? "true" : "false";
            case CelString text:
                return text.Value;
            case CelDouble number:
                return DoubleText.Decimal(number.Value);
            case CelBytes bytes:
                context.Budget.Charge(bytes.Value.Length / 10);
                return CodePoints.FromUtf8Lossy(bytes.Value.Span);
            case CelTimestamp time:
                return time.ToRfc3339();
            case CelDuration span:
                return span.ToSecondsText();
            case CelType type:
                return type.Name;
            case CelOpaque opaque:
                return opaque.Text;
            case CelList list:
                return Joined(list.Select(item => Text(item, context)), context) is { } items ? "[" + items + "]" : null;
            case CelMap map:
                return Joined(Entries(map, context), context) is { } entries ? "{" + entries + "}" : null;
            default:
                return Whole(value)?.ToString(CultureInfo.InvariantCulture);
        }
    }

    private static IEnumerable<string?> Entries(CelMap map, EvalContext context) => map
        .Select(entry => (Key: Text(entry.Key, context), Value: Text(entry.Value, context)))
        .OrderBy(entry => entry.Key, Comparer<string?>.Create((a, b) => Ordering.CompareText(a ?? "", b ?? "")))
        .Select(entry => entry.Key is null || entry.Value is null ? null : entry.Key + ": " + entry.Value);

    /// <summary>Null when a part is.</summary>
    private static string? Joined(IEnumerable<string?> parts, EvalContext context)
    {
        var result = new StringBuilder();
        var separator = "";
        foreach (var part in parts)
        {
            if (part is null) return null;
            context.Budget.Charge(1 + (part.Length / 10));
            result.Append(separator).Append(part);
            separator = ", ";
        }

        return result.ToString();
    }

    private static BigInteger? Whole(CelValue value) => value switch
    {
        CelInt number => number.Value,
        CelUint number => number.Value,
        _ => null,
    };

    private static double? AsDouble(CelValue value) => value switch
    {
        CelInt number => number.Value,
        CelUint number => number.Value,
        CelDouble number => number.Value,
        _ => null,
    };

    private static string? Hex(CelValue value, EvalContext context)
    {
        var bytes = value switch
        {
            CelString text => CodePoints.ToUtf8(text.Value),
            CelBytes data => data.Value.ToArray(),
            _ => null,
        };
        if (bytes is null) return Radix(value, 16);
        context.Budget.Charge(bytes.Length / 5);
        return Convert.ToHexString(bytes);
    }

    private static string? Radix(CelValue value, int radix)
    {
        if (Whole(value) is not { } number) return null;
        var rest = (ulong)BigInteger.Abs(number);
        var digits = "";
        do
        {
            digits = "0123456789ABCDEF"[(int)(rest % (ulong)radix)] + digits;
            rest /= (ulong)radix;
        }
        while (rest > 0);
        return number.Sign < 0 ? "-" + digits : digits;
    }
}
