using System.Text.Json;
using CertHerald.Cli;

namespace CertHerald.Tests.Cli;

public sealed class WebhooksCommandTests
{
    [Theory]
    [InlineData("""{"delivered":true,"status":204,"outcome":"delivered","took_ms":12.4,"answer":""}""", "took it: status 204 after 12 ms")]
    [InlineData("""{"delivered":false,"status":500,"outcome":"status","took_ms":3,"answer":"no \u001b[31m"}""", "did not take it: status 500 after 3 ms; it said: no \\u{001B}[31m")]
    [InlineData("""{"delivered":false,"status":null,"outcome":"timeout","took_ms":15000,"answer":""}""", "did not take it: timeout after 15000 ms")]
    public void What_a_test_came_to_is_said_in_a_line(string answer, string line) => Assert.Equal(line, WebhooksCommand.DescribeTest(JsonElement.Parse(answer)));
}
