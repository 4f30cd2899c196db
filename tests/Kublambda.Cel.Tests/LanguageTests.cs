namespace Kublambda.Cel.Tests;

/// <summary>The language by area, as a table of expressions and results; cases.json of the conformance runner holds many more.</summary>
public sealed class LanguageTests
{
    [Theory]
    [InlineData("1 + 2 * 3 - 4 / 2", "5")]
    [InlineData("-7 / 2", "-3")]
    [InlineData("-7 % 2", "-1")]
    [InlineData("1.5 + 1.5", "3")]
    [InlineData("1u + 2u", "3u")]
    [InlineData("0xff", "255")]
    [InlineData("1.0 / 0.0", "+Inf")]
    [InlineData("-9223372036854775808", "-9223372036854775808")]
    [InlineData("'a' + 'b'", "\"ab\"")]
    [InlineData("[1] + [2]", "[1, 2]")]
    public void Arithmetic(string expression, string result) => Gives(expression, result);

    [Theory]
    [InlineData("9223372036854775807 + 1")]
    [InlineData("-(-9223372036854775808)")]
    [InlineData("0u - 1u")]
    [InlineData("1 / 0")]
    [InlineData("1 % 0")]
    [InlineData("1 + 1u")]
    [InlineData("1 + 'a'")]
    [InlineData("timestamp('9999-12-31T23:59:59Z') + duration('1s')")]
    [InlineData("duration('2562047h') + duration('2562047h')")]
    public void Arithmetic_out_of_range_or_across_types_is_an_error(string expression) => Assert.Equal(CelErrorKind.Evaluation, Cel.Fails(expression).Kind);

    [Theory]
    [InlineData("1 == 1.0 && 1u == 1 && 1.0 == 1u")]
    [InlineData("1 < 1.5 && -1 < 0u")]
    [InlineData("[1, [2]] == [1.0, [2u]]")]
    [InlineData("{'a': 1, 'b': 2} == {'b': 2.0, 'a': 1u}")]
    [InlineData("'a' != 1 && null != false")]
    [InlineData("0.0 / 0.0 != 0.0 / 0.0")]
    [InlineData("'\\uFFFD' < '\\U0001F600'")]
    [InlineData("2 in [1, 2.0] && 'k' in {'k': null}")]
    [InlineData("type(1) == int && type(int) == type")]
    public void Equality_and_order(string condition) => Gives(condition, "true");

    [Theory]
    [InlineData("1 / 0 > 1 || true", "true")]
    [InlineData("1 / 0 > 1 && false", "false")]
    [InlineData("[1, 0].exists(x, 1 / x == 1)", "true")]
    [InlineData("[0, 2].all(x, 1 / x == 1)", "false")]
    [InlineData("false ? 1 / 0 : 2", "2")]
    [InlineData("cel.bind(x, 1 / 0, true || x == 1)", "true")]
    public void Errors_are_absorbed_by_what_decides(string expression, string result) => Gives(expression, result);

    [Theory]
    [InlineData("[1, 2, 3].map(x, x * 2)", "[2, 4, 6]")]
    [InlineData("[1, 2, 3].map(x, x > 1, x * 2)", "[4, 6]")]
    [InlineData("[1, 2, 3].filter(x, x != 2)", "[1, 3]")]
    [InlineData("{'a': 1}.map(k, k)", "[\"a\"]")]
    [InlineData("[1, 2].exists_one(x, x > 1)", "true")]
    [InlineData("[5, 6].transformMap(i, v, i > 0, v * 10)", "{1: 60}")]
    [InlineData("{'a': 1}.transformList(k, v, k + string(v))", "[\"a1\"]")]
    [InlineData("{'a': 'x'}.transformMapEntry(k, v, {v: k})", "{\"x\": \"a\"}")]
    [InlineData("[{'n': 2}, {'n': 1}].sortBy(e, e.n).map(e, e.n)", "[1, 2]")]
    public void Macros(string expression, string result) => Gives(expression, result);

    [Theory]
    [InlineData("{'a': {'b': 1}}.?a.?b.orValue(0)", "1")]
    [InlineData("{}.?a.b.c.orValue('none')", "\"none\"")]
    [InlineData("[1][?3].hasValue()", "false")]
    [InlineData("[?optional.none(), ?optional.of(2)]", "[2]")]
    [InlineData("{?'a': optional.none(), 'b': 1}", "{\"b\": 1}")]
    [InlineData("optional.of(1).optMap(x, x + 1)", "optional.of(2)")]
    [InlineData("optional.of(1).orValue(1 / 0)", "1")]
    public void Optionals(string expression, string result) => Gives(expression, result);

    [Theory]
    [InlineData("timestamp('2026-11-24T20:30:00.5+01:00')", "timestamp(\"2026-11-24T19:30:00.5Z\")")]
    [InlineData("timestamp('2026-11-24T23:30:00Z').getDate('Europe/Paris')", "25")]
    [InlineData("timestamp('2026-07-01T12:00:00Z').getHours('America/New_York')", "8")]
    [InlineData("timestamp('2026-11-24T20:30:00Z').getMinutes('+05:45')", "15")]
    [InlineData("timestamp('2026-11-24T20:30:00Z').getDayOfWeek()", "2")]
    [InlineData("timestamp('2026-11-24T20:30:00Z') - timestamp('2026-11-24T20:00:00Z')", "duration(\"1800s\")")]
    [InlineData("duration('1h30m').getMinutes()", "90")]
    [InlineData("duration('1.5s') + duration('300ms')", "duration(\"1.8s\")")]
    [InlineData("int(timestamp(5))", "5")]
    public void Time(string expression, string result) => Gives(expression, result);

    [Theory]
    [InlineData("'%s is %d%% of %.2f'.format(['x', 50, 1.5])", "\"x is 50% of 1.50\"")]
    [InlineData("'%s'.format([{'b': [1, null], 'a': duration('90s')}])", "\"{a: 90s, b: [1, null]}\"")]
    [InlineData("'%x %X %o %b'.format([255, 255, 8, 5])", "\"ff FF 10 101\"")]
    [InlineData("'a,b,c'.split(',', 2)", "[\"a\", \"b,c\"]")]
    [InlineData("'🐱b'.reverse().charAt(1)", "\"🐱\"")]
    [InlineData("size('🐱') + size(b'🐱')", "5")]
    [InlineData("' x '.trim() + 'AbÄ'.lowerAscii()", "\"xabÄ\"")]
    [InlineData("base64.decode(base64.encode(b'hi')) == b'hi'", "true")]
    public void Text(string expression, string result) => Gives(expression, result);

    [Theory]
    [InlineData("quantity('1.5Gi').isGreaterThan(quantity('1500M'))", "true")]
    [InlineData("quantity('500m').add(quantity('1.5')).asInteger()", "2")]
    [InlineData("quantity('100m').sub(1).asApproximateFloat()", "-0.9")]
    [InlineData("[quantity('1k'), quantity('1000')].distinct().size()", "1")]
    [InlineData("string(quantity('0.5'))", "\"0.5\"")]
    [InlineData("isQuantity('12e3') && !isQuantity('12 Gi')", "true")]
    [InlineData("[3, 1, 2].max() - [3, 1, 2].min() + [1, 2].sum()", "5")]
    [InlineData("'v1.29.3'.find('[0-9]+\\\\.[0-9]+')", "\"1.29\"")]
    [InlineData("'a1b22'.findAll('[0-9]+')", "[\"1\", \"22\"]")]
    public void Kubernetes(string expression, string result) => Gives(expression, result);

    private static void Gives(string expression, string result) => Assert.Equal(result, Cel.Run(expression).ToString());
}
