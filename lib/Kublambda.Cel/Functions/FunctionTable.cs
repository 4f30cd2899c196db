namespace Kublambda.Cel.Functions;

/// <summary>Functions by name.</summary>
internal sealed class FunctionTable
{
    private readonly Dictionary<string, List<Overload>> _functions = new(StringComparer.Ordinal);

    public IEnumerable<string> Names => _functions.Keys;

    public static FunctionTable Standard { get; } = MakeStandard();

    public IReadOnlyList<Overload> Find(string name) => _functions.TryGetValue(name, out var overloads) ? overloads : [];

    /// <summary>A copy with more; this table itself is shared and stays as it is.</summary>
    public FunctionTable With(Overload overload)
    {
        var copy = new FunctionTable();
        foreach (var existing in _functions.Values.SelectMany(overloads => overloads)) copy.Add(existing);
        if (copy.Find(overload.Function).Any(existing => existing.IsMember == overload.IsMember && existing.Parameters.Count == overload.Parameters.Count && existing.MayAccept(overload.Parameters)))
            throw new ArgumentException($"{overload} overlaps with a function that is there already.");
        copy.Add(overload);
        return copy;
    }

    public void Add(Overload overload)
    {
        if (!_functions.TryGetValue(overload.Function, out var overloads)) _functions[overload.Function] = overloads = [];
        overloads.Add(overload);
    }

    public void Global(string name, CelKind[] parameters, CelKind result, Implementation body) => Add(new Overload(name, IsMember: false, parameters, result, body));

    /// <summary>A function of one text, which it reads from end to end.</summary>
    public void OfText(string name, CelKind result, Func<string, CelValue> read) => Global(name, [CelKind.String], result, (a, context) =>
    {
        var text = ((CelString)a[0]).Value;
        context.Budget.Charge(text.Length / 10);
        return read(text);
    });

    /// <summary>A getter of one type of values that only functions make.</summary>
    public void OfOpaque<T>(string name, CelKind result, Func<T, CelValue> read)
        where T : CelOpaque => Member(name, [CelKind.Opaque], result, (a, _) => a[0] is T value ? read(value) : new CelError($"{name}() is not for {a[0].TypeName}"));

    public void Member(string name, CelKind[] parameters, CelKind result, Implementation body) => Add(new Overload(name, IsMember: true, parameters, result, body));

    private static FunctionTable MakeStandard()
    {
        var table = new FunctionTable();
        ConversionFunctions.AddTo(table);
        TextFunctions.AddTo(table);
        TimeFunctions.AddTo(table);
        RegexFunctions.AddTo(table);
        StringFunctions.AddTo(table);
        ListFunctions.AddTo(table);
        MathFunctions.AddTo(table);
        BitFunctions.AddTo(table);
        SetFunctions.AddTo(table);
        EncoderFunctions.AddTo(table);
        OptionalFunctions.AddTo(table);
        KubernetesListFunctions.AddTo(table);
        QuantityFunctions.AddTo(table);
        UrlFunctions.AddTo(table);
        NetworkFunctions.AddTo(table);
        return table;
    }
}
