// Asio and Beast compiled once for the whole program: with BOOST_ASIO_SEPARATE_COMPILATION the
// headers only declare.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
