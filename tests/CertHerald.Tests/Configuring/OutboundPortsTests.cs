using System.Collections;
using CertHerald.Configuring;

namespace CertHerald.Tests.Configuring;

public sealed class OutboundPortsTests
{
    [Theory]
    [InlineData("[ 443, 8443, 9443 ]")]
    [InlineData("[ \"443\", \"8443\", \"9443\" ]")]
    [InlineData("\"443, 8443, 9443\"")]
    public void Ports_are_numbers_as_anybody_would_write_them(string ports) => Assert.Equal([443, 8443, 9443], Read(ports).Outbound.Ports);

    [Theory]
    [InlineData("[ 0 ]", "outbound.ports: 0 is no port")]
    [InlineData("[ 65536 ]", "outbound.ports: 65536 is no port")]
    [InlineData("[ 443, \"https\" ]", "outbound.ports: \"https\" is no whole number")]
    [InlineData("[ 443.5 ]", "outbound.ports: \"443.5\" is no whole number")]
    [InlineData("[ null ]", "outbound.ports: \"\" is no whole number")]
    [InlineData("true", "outbound.ports: \"true\" is no whole number")]
    public void What_is_no_port_is_refused_by_its_value(string ports, string problem) =>
        Assert.Contains(problem, Assert.Throws<ConfigurationException>(() => Read(ports)).Message, StringComparison.Ordinal);

    private static CertHeraldOptions Read(string ports)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, $$"""{ "outbound": { "ports": {{ports}} } }""");
            return Configuration.Read(file, new CommandLineOverrides(), new Hashtable());
        }
        finally
        {
            File.Delete(file);
        }
    }
}
