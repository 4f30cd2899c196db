using System.Globalization;
using Kublambda.Cel.Evaluation;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary><c>int()</c>, <c>string()</c> and the others, <c>dyn()</c> and <c>type()</c>.</summary>
internal static class ConversionFunctions
{
    public static void AddTo(FunctionTable table)
    {
        table.Global("dyn", [CelKind.Dyn], CelKind.Dyn, (a, _) => a[0]);
        table.Global("type", [CelKind.Dyn], CelKind.Type, (a, _) => CelType.Of(a[0]));
        Same(table, "bool", CelKind.Bool);
        Same(table, "int", CelKind.Int);
        Same(table, "uint", CelKind.Uint);
        Same(table, "double", CelKind.Double);
        Same(table, "string", CelKind.String);
        Same(table, "bytes", CelKind.Bytes);
        Same(table, "timestamp", CelKind.Timestamp);
        Same(table, "duration", CelKind.Duration);
        table.OfText("bool", CelKind.Bool, ToBool);
        table.OfText("bytes", CelKind.Bytes, text => new CelBytes(CodePoints.ToUtf8(text)));
        AddNumbers(table);
        AddStrings(table);
        table.OfText("timestamp", CelKind.Timestamp, Rfc3339.Parse);
        table.Global("timestamp", [CelKind.Int], CelKind.Timestamp, (a, _) => CelTimestamp.TryCreate(((CelInt)a[0]).Value, 0) ?? (CelValue)new CelError("a timestamp lies in the years 1 to 9999"));
        table.OfText("duration", CelKind.Duration, DurationText.Parse);
    }

    private static void Same(FunctionTable table, string name, CelKind kind) => table.Global(name, [kind], kind, (a, _) => a[0]);

    private static void AddNumbers(FunctionTable table)
    {
        table.Global("int", [CelKind.Uint], CelKind.Int, (a, _) => ((CelUint)a[0]).Value <= long.MaxValue ? new CelInt((long)((CelUint)a[0]).Value) : OutOfRange(a[0], "int"));
        table.Global("int", [CelKind.Double], CelKind.Int, (a, _) => Numbers.ToInt(((CelDouble)a[0]).Value) is { } value ? new CelInt(value) : OutOfRange(a[0], "int"));
        table.Global("int", [CelKind.Timestamp], CelKind.Int, (a, _) => new CelInt(((CelTimestamp)a[0]).Seconds));
        table.OfText("int", CelKind.Int, text => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? new CelInt(value) : NotA(text, "int"));
        table.Global("uint", [CelKind.Int], CelKind.Uint, (a, _) => ((CelInt)a[0]).Value >= 0 ? new CelUint((ulong)((CelInt)a[0]).Value) : OutOfRange(a[0], "uint"));
        table.Global("uint", [CelKind.Double], CelKind.Uint, (a, _) => Numbers.ToUint(((CelDouble)a[0]).Value) is { } value ? new CelUint(value) : OutOfRange(a[0], "uint"));
        table.OfText("uint", CelKind.Uint, text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? new CelUint(value) : NotA(text, "uint"));
        table.Global("double", [CelKind.Int], CelKind.Double, (a, _) => new CelDouble(((CelInt)a[0]).Value));
        table.Global("double", [CelKind.Uint], CelKind.Double, (a, _) => new CelDouble(((CelUint)a[0]).Value));
        table.OfText("double", CelKind.Double, ToDouble);
    }

    private static void AddStrings(FunctionTable table)
    {
        table.Global("string", [CelKind.Bool], CelKind.String, (a, _) => new CelString(((CelBool)a[0]).Value ? "true" : "false"));
        table.Global("string", [CelKind.Int], CelKind.String, (a, _) => new CelString(((CelInt)a[0]).Value.ToString(CultureInfo.InvariantCulture)));
        table.Global("string", [CelKind.Uint], CelKind.String, (a, _) => new CelString(((CelUint)a[0]).Value.ToString(CultureInfo.InvariantCulture)));
        table.Global("string", [CelKind.Double], CelKind.String, (a, _) => new CelString(DoubleText.General(((CelDouble)a[0]).Value)));
        table.Global("string", [CelKind.Timestamp], CelKind.String, (a, _) => new CelString(((CelTimestamp)a[0]).ToRfc3339()));
        table.Global("string", [CelKind.Duration], CelKind.String, (a, _) => new CelString(((CelDuration)a[0]).ToSecondsText()));
        table.Global("string", [CelKind.Opaque], CelKind.String, (a, _) => new CelString(((CelOpaque)a[0]).Text));
        table.Global("string", [CelKind.Bytes], CelKind.String, (a, context) => FromBytes((CelBytes)a[0], context));
    }

    private static CelError OutOfRange(CelValue value, string type) => new($"{value} is outside the range of {type}");

    private static CelError NotA(string text, string type) => new($"{new CelString(text)} is not the text of {(type == "int" ? "an" : "a")} {type}");

    private static CelValue ToBool(string text) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => CelBool.True,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => CelBool.False,
        _ => NotA(text, "bool"),
    };

    private static CelValue ToDouble(string text)
    {
        var unsigned = text.TrimStart('+', '-').ToUpperInvariant();
        var sign = text.StartsWith('-') ? -1 : 1;
        if (text.Length - unsigned.Length <= 1)
        {
            if (unsigned is "INF" or "INFINITY") return new CelDouble(sign * double.PositiveInfinity);
            if (unsigned == "NAN") return new CelDouble(double.NaN);
        }

        var isNumber = double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var value);
        return isNumber && double.IsFinite(value) ? new CelDouble(value) : NotA(text, "double");
    }

    private static CelValue FromBytes(CelBytes bytes, EvalContext context)
    {
        context.Budget.Charge(bytes.Value.Length / 10);
        return CodePoints.FromUtf8(bytes.Value.Span) is { } text ? new CelString(text) : new CelError("these bytes are not valid UTF-8");
    }
}
